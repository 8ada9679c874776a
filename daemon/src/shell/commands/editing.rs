//! Commands whose first operand, or some option, is a program of its own: the text never comes out.

use crate::shell::arguments::{Arguments, Grammar};
use crate::shell::catalogue::touch_all;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::words::name_length;
use crate::shell::{How, Reason, Target};

use super::tools;

type Outcome = Result<(), Reason>;

pub(in crate::shell) fn sed(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("nrEsuzb")
        .values("efl")
        .attached("i")
        .long("quiet silent regexp-extended in-place separate unbuffered null-data debug sandbox posix")
        .long_values("expression file line-length");
    let mut parsed = call.parse_as(&grammar)?;
    let in_place = parsed.has("i in-place");
    // `sed -i '' SCRIPT FILE` is how it is written for BSD.
    if in_place && parsed.operands.first().is_some_and(|field| field.exact() == Some("")) {
        parsed.operands.remove(0);
    }
    script(walk, &mut parsed, "e expression", "f file")?;
    let how = if in_place { How::Write } else { How::Read };
    touch_all(walk, &parsed.operands, how, Target::File);
    Ok(())
}

/// Takes the program away: the first operand, or the value of an option.
fn script(walk: &mut Walk, parsed: &mut Arguments<'_>, text: &str, file: &str) -> Outcome {
    let files: Vec<Field> = parsed.values(file).cloned().collect();
    if files.is_empty() && !parsed.has(text) {
        parsed.take_text()?;
    }
    for file in &files {
        walk.touch(file, How::Read, Target::File);
    }
    Ok(())
}

/// Its program may read and write other files; what it is given by name is told.
pub(in crate::shell) fn awk(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("bcCghnNOPrsStV")
        .values("Fvfei")
        .long("posix re-interval sandbox csv")
        .long_values("field-separator assign file source include")
        .leading();
    let mut parsed = call.parse_as(&grammar)?;
    if parsed.has("i include") {
        return Err(Reason::Option);
    }
    script(walk, &mut parsed, "e source", "f file")?;
    for operand in &parsed.operands {
        let lead = operand.lead();
        let length = name_length(lead);
        let assigns = length > 0 && lead[length..].starts_with('=');
        if !assigns && operand.exact() != Some("-") {
            walk.touch(operand, How::Read, Target::File);
        }
    }
    Ok(())
}

/// `perl -pi -e TEXT FILE…`; without `-n` or `-p` the operands are the program's own.
pub(in crate::shell) fn perl(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("acfnpsStTuUvVwWX0123456789l")
        .values("eE")
        .attached("iFIMmCdDx")
        .leading();
    let mut parsed = call.parse_as(&grammar)?;
    if !parsed.has("e E") {
        return tools::program(walk, &parsed.operands);
    }
    if parsed.has("n p") {
        let how = if parsed.has("i") { How::Write } else { How::Read };
        let operands = std::mem::take(&mut parsed.operands);
        touch_all(walk, &operands, how, Target::File);
    }
    tools::work_here(walk);
    Ok(())
}

const JQ: Grammar = Grammar::ANY
    .flags("acCeijMnrRsSh")
    .values("fL")
    .long(
        "null-input raw-input slurp compact-output raw-output join-output ascii-output sort-keys color-output monochrome-output \
         tab exit-status stream seq",
    )
    .long_values("indent from-file");

pub(in crate::shell) fn jq(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let (rest, files) = without_bindings(call.arguments)?;
    let mut parsed = Arguments::parse(&JQ, &rest)?;
    script(walk, &mut parsed, "", "f from-file")?;
    for file in files {
        walk.touch(&file, How::Read, Target::File);
    }
    if !parsed.has("n null-input") {
        touch_all(walk, &parsed.operands, How::Read, Target::File);
    }
    Ok(())
}

/// Takes away `--arg NAME VALUE` and its kin; returns the rest, and the files among the values.
fn without_bindings(arguments: &[Field]) -> Result<(Vec<Field>, Vec<Field>), Reason> {
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(field) = rest.next() {
        match field.exact() {
            Some("--args" | "--jsonargs") => return Err(Reason::Option),
            Some("--arg" | "--argjson") => {
                rest.nth(1);
            }
            // The second value is a file.
            Some("--slurpfile" | "--rawfile" | "--argfile") => files.extend(rest.nth(1).cloned()),
            _ => kept.push(field.clone()),
        }
    }
    Ok((kept, files))
}

/// Two programs share the name; both take an expression first.
pub(in crate::shell) fn yq(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("ejnrPCMNvsyYcSi")
        .values("opI")
        .long("inplace null-input raw-output prettyPrint colors no-colors exit-status")
        .long_values("output-format input-format indent");
    let mut parsed = call.parse_as(&grammar)?;
    let first = parsed.operands.first().and_then(|field| field.exact());
    if matches!(first, Some("e" | "eval" | "ea" | "eval-all")) {
        parsed.operands.remove(0);
    }
    // `yq FILE` is `yq . FILE` in one of them.
    if parsed.operands.len() < 2 && !call.input.given {
        return Err(Reason::Option);
    }
    parsed.take_text()?;
    let how = if parsed.has("i inplace") { How::Write } else { How::Read };
    touch_all(walk, &parsed.operands, how, Target::File);
    Ok(())
}

pub(in crate::shell) fn sort(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("bdfgiMhnRrVcCmsuz")
        .values("koStT")
        .long("unique reverse numeric-sort human-numeric-sort version-sort stable ignore-case check random-sort zero-terminated")
        .long_values("key output field-separator buffer-size temporary-directory parallel");
    let parsed = call.parse_as(&grammar)?;
    touch_all(walk, &parsed.operands, How::Read, Target::File);
    for output in parsed.values("o output") {
        walk.touch(output, How::Write, Target::File);
    }
    Ok(())
}

/// `uniq IN OUT`; `shuf` has options that make a text of its operands.
pub(in crate::shell) fn uniq(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar =
        Grammar::ANY.flags("cdDiuz").values("fsw").long("count repeated unique ignore-case");
    let shuffle =
        Grammar::ANY.flags("zr").values("nio").long_values("head-count input-range output");
    let parsed = call.parse_as(if call.name == "uniq" { &grammar } else { &shuffle })?;
    let own = parsed.operands.iter().filter(|operand| operand.exact() != Some("-"));
    for (operand, how) in own.zip([How::Read, How::Write]) {
        walk.touch(operand, how, Target::File);
    }
    Ok(())
}
