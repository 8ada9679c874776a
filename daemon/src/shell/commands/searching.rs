//! Commands that look through directories: what they look for is content and never comes out.

use crate::shell::arguments::{Arguments, Grammar};
use crate::shell::catalogue::touch_all;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Input, Walk};
use crate::shell::{How, Reason, Target};

type Outcome = Result<(), Reason>;

/// `ls` and its kin: the directory in force, unless told otherwise.
pub(in crate::shell) fn listed(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse()?;
    search(walk, &parsed.operands);
    Ok(())
}

fn search(walk: &mut Walk, places: &[&Field]) {
    if places.is_empty() {
        walk.touch_here(How::Search, Target::Directory);
    }
    touch_all(walk, places, How::Search, Target::Either);
}

const GREP: Grammar = Grammar::ANY
    .flags("EFGPivwxcLlqsbHhnTUzrRaoIyuV")
    .values("efABCmdD")
    .numbers()
    .long(
        "extended-regexp fixed-strings basic-regexp perl-regexp ignore-case no-ignore-case invert-match word-regexp line-regexp count color colour \
         files-without-match files-with-matches only-matching quiet silent no-messages byte-offset with-filename no-filename \
         line-number initial-tab null text recursive dereference-recursive line-buffered null-data",
    )
    .long_values("regexp file after-context before-context context max-count include exclude exclude-dir exclude-from label binary-files");

pub(in crate::shell) fn grep(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let mut parsed = call.parse_as(&GREP)?;
    pattern(walk, &mut parsed)?;
    if parsed.has("r R recursive dereference-recursive") {
        search(walk, &parsed.operands);
    } else {
        touch_all(walk, &parsed.operands, How::Read, Target::File);
    }
    Ok(())
}

/// Takes the pattern away: the first operand, or the value of an option.
fn pattern(walk: &mut Walk, parsed: &mut Arguments<'_>) -> Outcome {
    let files: Vec<Field> = parsed.values("f file").cloned().collect();
    if files.is_empty() && !parsed.has("e regexp") {
        if parsed.operands.is_empty() {
            return Err(Reason::Option);
        }
        parsed.take_text()?;
    }
    for file in files.iter().filter(|file| file.exact() != Some("-")) {
        walk.touch(file, How::Read, Target::File);
    }
    Ok(())
}

const RG: Grammar = Grammar::ANY
    .flags("abcFHhiIlLNnopPqsSuUvVwxz.0")
    .values("efABCgtTmMjEdr")
    .long(
        "text byte-offset count count-matches fixed-strings with-filename no-filename files files-with-matches \
         files-without-match follow glob-case-insensitive heading no-heading hidden ignore-case case-sensitive smart-case \
         invert-match json line-number no-line-number line-regexp multiline multiline-dotall no-config no-ignore \
         no-ignore-vcs no-messages null only-matching one-file-system pcre2 pretty quiet search-zip stats trim unrestricted \
         vimgrep word-regexp type-list no-ignore-parent column no-column sort-files passthru debug no-require-git",
    )
    .long_values(
        "regexp file after-context before-context context color colors glob iglob type type-not max-count max-columns \
         max-depth max-filesize threads encoding replace sort sortr ignore-file path-separator engine pre type-add",
    );

pub(in crate::shell) fn rg(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let mut parsed = call.parse_as(&RG)?;
    if !parsed.has("files type-list") {
        pattern(walk, &mut parsed)?;
    }
    let from_input = call.input.given && !parsed.has("files") && parsed.operands.is_empty();
    if !from_input && !parsed.has("type-list") {
        search(walk, &parsed.operands);
    }
    Ok(())
}

pub(in crate::shell) fn ag(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("acilLnoqQrRsSuUvwxHzt")
        .values("ABCGmp")
        .long("nogroup group nocolor color hidden ignore-case literal files-with-matches count column smart-case")
        .long_values("ignore ignore-dir depth file-search-regex after before context type max-count");
    let mut parsed = call.parse_as(&grammar)?;
    parsed.take_text()?;
    if !(call.input.given && parsed.operands.is_empty()) {
        search(walk, &parsed.operands);
    }
    Ok(())
}

pub(in crate::shell) fn fd(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let exec = call
        .arguments
        .iter()
        .position(|field| matches!(field.exact(), Some("-x" | "-X" | "--exec" | "--exec-batch")));
    let (own, command) = call.arguments.split_at(exec.unwrap_or(call.arguments.len()));
    let grammar = Grammar::ANY
        .flags("HIusgFapl0Lq1i")
        .values("dtecSEojCb")
        .long("hidden no-ignore unrestricted case-sensitive ignore-case glob fixed-strings absolute-path follow full-path print0 list-details quiet no-ignore-vcs")
        .long_values("max-depth min-depth exact-depth type extension exclude size changed-within changed-before owner color threads max-results base-directory search-path");
    let mut parsed = Arguments::parse(&grammar, own)?;
    parsed.take_text()?;
    if parsed.has("base-directory C") {
        return Err(Reason::Option);
    }
    let named: Vec<Field> = parsed.values("search-path").cloned().collect();
    let places: Vec<&Field> = parsed.operands.iter().copied().chain(&named).collect();
    search(walk, &places);
    if let Some(command) = command.get(1..).filter(|command| !command.is_empty()) {
        found(walk, command, &places);
    }
    Ok(())
}

/// What `find` does: places, then an expression of which only actions matter.
pub(in crate::shell) fn find(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let is_global = |field: &&Field| matches!(field.exact(), Some("-H" | "-L" | "-P"));
    let skipped = call.arguments.iter().take_while(is_global).count();
    let arguments = &call.arguments[skipped..];
    let in_expression = |field: &Field| field.lead().starts_with(['-', '(', '!', ')', ',']);
    let count = arguments.iter().position(in_expression).unwrap_or(arguments.len());
    let (places, expression) = arguments.split_at(count);
    let places: Vec<&Field> = places.iter().collect();
    if places.iter().any(|place| place.is_many()) {
        walk.unresolved(Reason::Variable);
    } else {
        search(walk, &places);
    }
    actions(walk, expression, &places);
    Ok(())
}

fn actions(walk: &mut Walk, expression: &[Field], places: &[&Field]) {
    let mut rest = expression;
    while let Some((field, after)) = rest.split_first() {
        rest = after;
        match field.exact() {
            Some("-delete") => {
                each(walk, places, |walk, place| walk.touch(place, How::Delete, Target::Within))
            }
            Some("-exec" | "-execdir" | "-ok" | "-okdir") => {
                let end = after.iter().position(|field| matches!(field.exact(), Some(";" | "+")));
                let end = end.unwrap_or(after.len());
                found(walk, &after[..end], places);
                rest = &after[end..];
            }
            Some("-fprint" | "-fls" | "-fprint0" | "-fprintf") => {
                if let Some((file, after)) = after.split_first() {
                    walk.touch(file, How::Write, Target::File);
                    rest = after;
                }
            }
            _ => {}
        }
    }
}

/// Runs a command on what was found: something within each of the places.
fn found(walk: &mut Walk, command: &[Field], places: &[&Field]) {
    each(walk, places, |walk, place| {
        let mut fields: Vec<Field> = command.to_vec();
        let mut filled = false;
        for field in &mut fields {
            if field.exact() == Some("{}") {
                *field = place.clone();
                filled = true;
            } else if let Some(at) = field.as_text().and_then(|text| text.find('{')) {
                let lead = field.lead()[..at].to_owned();
                *field = Field::Unknown { why: Reason::Input, lead, many: false };
            }
        }
        if !filled {
            fields.push(place.clone());
        }
        walk.run(&fields, &Input::default());
    });
}

fn each(walk: &mut Walk, places: &[&Field], mut run: impl FnMut(&mut Walk, &Field)) {
    if places.is_empty() {
        run(walk, &Field::within(""));
    }
    for place in places {
        let field = match place {
            Field::Text(directory) => Field::within(directory),
            Field::Pattern { .. } | Field::Unknown { .. } => (*place).clone(),
        };
        run(walk, &field);
    }
}

pub(in crate::shell) fn diff(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("aBbdEeilNnpqrstTuwyZcv")
        .values("CDFISUWxX")
        .numbers()
        .long(
            "brief recursive unified side-by-side ignore-all-space ignore-space-change color new-file report-identical-files \
             suppress-common-lines text strip-trailing-cr ignore-blank-lines",
        )
        .long_values("exclude exclude-from label width context");
    let parsed = call.parse_as(&grammar)?;
    let recursive = parsed.has("r recursive");
    let how = if recursive { How::Search } else { How::Read };
    touch_all(walk, &parsed.operands, how, Target::Either);
    Ok(())
}
