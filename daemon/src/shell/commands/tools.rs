//! Programs whose work is their own, and those that fetch.

use crate::shell::arguments::Grammar;
use crate::shell::catalogue::touch_all;
use crate::shell::paths::file_name;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::{How, Reason, Target};

type Outcome = Result<(), Reason>;

/// A program works in the directory in force; what it does there no command line tells.
pub(in crate::shell) fn work_here(walk: &mut Walk) {
    walk.touch_here(How::Command, Target::Directory);
    walk.unresolved(Reason::Program);
}

/// Tools that work in another directory if told so, by an option that is always first.
pub(in crate::shell) fn tool(walk: &mut Walk, call: &Call<'_>) {
    let option: &[&str] = match call.name {
        "make" | "gmake" | "ninja" => &["-C", "--directory"],
        "npm" => &["--prefix"],
        "pnpm" | "go" => &["-C", "--dir"],
        "yarn" => &["--cwd"],
        "uv" => &["--directory", "--project"],
        "just" => &["--working-directory"],
        "cargo" => &["-C"],
        _ => &[],
    };
    walk.inside(option_value(call.arguments, option).as_ref(), work_here);
}

fn option_value(arguments: &[Field], names: &[&str]) -> Option<Field> {
    for (index, field) in arguments.iter().enumerate() {
        for name in names {
            let Some(rest) = field.lead().strip_prefix(name) else { continue };
            if rest.is_empty() && field.as_text().is_some() {
                return arguments.get(index + 1).cloned();
            }
            if name.starts_with("--") && rest.starts_with('=') {
                return Some(field.after(name.len() + 1));
            }
            if !name.starts_with("--") {
                return Some(field.after(name.len()));
            }
        }
        if field.exact() == Some("--") {
            return None;
        }
    }
    None
}

/// An interpreter: its first operand is a file that it runs, the others are that program's own.
pub(in crate::shell) fn program(walk: &mut Walk, operands: &[&Field]) -> Outcome {
    if let Some(file) = operands.first().filter(|file| file.exact() != Some("-")) {
        walk.touch(file, How::Read, Target::File);
    }
    work_here(walk);
    Ok(())
}

pub(in crate::shell) fn python(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    // After `-c` and `-m` everything is the program's own.
    let own = ["c", "m"].iter().find_map(|letter| position(call.arguments, letter));
    if own.is_some() {
        work_here(walk);
        return Ok(());
    }
    let grammar = Grammar::ANY.flags("bBdEhiIOPqsSuvVx").values("WX").long("version").leading();
    let parsed = call.parse_as(&grammar)?;
    program(walk, &parsed.operands)
}

/// Returns where an option with this letter stands among the first options.
fn position(arguments: &[Field], letter: &str) -> Option<usize> {
    let options = arguments.iter().take_while(|field| field.lead().starts_with('-'));
    options.into_iter().position(|field| {
        let lead = field.lead();
        !lead.starts_with("--") && lead.contains(letter)
    })
}

/// `node` and `ruby`: with a program in an option, operands are that program's own.
pub(in crate::shell) fn script(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let texts = ["-e", "--eval", "-p", "--print", "-pe", "-ne", "-i", "--test", "-ape", "-lane"];
    let options = call.arguments.iter().take_while(|field| field.lead().starts_with('-'));
    let mut has_text = false;
    for option in options {
        let lead = option.lead();
        has_text |= texts.iter().any(|text| lead == *text || lead.starts_with(&format!("{text}=")));
    }
    if has_text {
        work_here(walk);
        return Ok(());
    }
    let grammar = Grammar::ANY
        .flags("wWcv")
        .values("rIC")
        .long("version watch enable-source-maps inspect experimental-strip-types no-warnings trace-warnings expose-gc check")
        .long_values("require import loader env-file")
        .leading();
    let parsed = call.parse_as(&grammar)?;
    program(walk, &parsed.operands)
}

/// `chmod MODE FILE…`, where the mode may look like an option.
pub(in crate::shell) fn mode(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let mut parsed = call.parse()?;
    if !parsed.has("r w x X s t u g o a reference") {
        parsed.take_text()?;
    }
    for operand in &parsed.operands {
        walk.touch(operand, How::Write, Target::Either);
    }
    Ok(())
}

pub(in crate::shell) fn curl(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("fsSLkvIiNOJGgjlnpqRa#046123Z")
        .values("AbcCdDeEFHKmorTtuUwxXyYzP")
        .long(
            "fail silent show-error location insecure verbose head include no-buffer remote-name get compressed fail-with-body \
             http1.1 http2 progress-bar globoff ipv4 ipv6 create-dirs remote-header-name",
        )
        .long_values(
            "user-agent cookie cookie-jar data data-raw data-binary data-urlencode dump-header form header max-time \
             connect-timeout output upload-file user write-out proxy request url retry retry-delay retry-max-time cacert cert key json \
             unix-socket resolve output-dir limit-rate range interface",
        );
    let parsed = call.parse_as(&grammar)?;
    if parsed.has("output-dir K config") {
        return Err(Reason::Option);
    }
    for output in parsed.values("o output D dump-header c cookie-jar").filter(is_path) {
        walk.touch(output, How::Write, Target::File);
    }
    for input in parsed.values("T upload-file").filter(is_path) {
        walk.touch(input, How::Read, Target::File);
    }
    for data in parsed.values("d data data-binary").filter(|data| data.lead().starts_with('@')) {
        let file = data.after(1);
        if is_path(&&file) {
            walk.touch(&file, How::Read, Target::File);
        }
    }
    if parsed.has("O remote-name") {
        walk.touch_here(How::Write, Target::Within);
    }
    Ok(())
}

fn is_path(field: &&Field) -> bool {
    field.exact() != Some("-")
}

pub(in crate::shell) fn wget(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("qvcNSrkpmxbE46HLK")
        .values("OPoatTUwlARDIX")
        .long(
            "quiet no-verbose continue no-check-certificate show-progress recursive no-parent mirror spider server-response \
             content-disposition",
        )
        .long_values("output-document directory-prefix output-file tries timeout user-agent header post-data");
    let parsed = call.parse_as(&grammar)?;
    for output in parsed.values("O output-document o output-file").filter(is_path) {
        walk.touch(output, How::Write, Target::File);
    }
    if parsed.has("O output-document spider") {
        return Ok(());
    }
    match parsed.values("P directory-prefix").last() {
        Some(directory) => walk.touch(directory, How::Write, Target::Within),
        None => walk.touch_here(How::Write, Target::Within),
    }
    Ok(())
}

/// Reports operands as read, which are files or directories.
pub(in crate::shell) fn read_all(walk: &mut Walk, operands: &[&Field]) {
    touch_all(walk, operands, How::Read, Target::Either);
}

/// Returns the name that a clone of this address gets.
pub(in crate::shell) fn clone_name(address: &str) -> Option<&str> {
    let last = address.trim_end_matches('/').trim_end_matches("/.git");
    let name = file_name(last.rsplit(':').next()?)?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty() && !name.contains(['?', '#', '='])).then_some(name)
}
