//! Patches: of the text of one, only the lines that name files are looked at.

use crate::shell::arguments::Grammar;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::{How, Reason, Target};

use super::tools;

type Outcome = Result<(), Reason>;

/// What it changes is named in the patch, unless a file is given.
pub(in crate::shell) fn patch(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("bcEflnNRstTuvZ")
        .values("BdDFgiopPrVYz")
        .long("dry-run reverse forward force batch quiet silent verbose backup binary")
        .long_values("input strip directory output fuzz reject-file");
    let parsed = call.parse_as(&grammar)?;
    let directory = parsed.values("d directory").last();
    for input in parsed.values("i input").filter(|input| input.exact() != Some("-")) {
        walk.touch(input, How::Read, Target::File);
    }
    if parsed.has("dry-run") {
        return Ok(());
    }
    walk.inside(directory, |walk| match parsed.operands.as_slice() {
        [] => tools::work_here(walk),
        [file, rest @ ..] => {
            walk.touch(file, How::Write, Target::File);
            for patch in rest {
                walk.touch(patch, How::Read, Target::File);
            }
        }
    });
    Ok(())
}

/// Codex's own format, in a here-document or as an argument.
pub(in crate::shell) fn apply_patch(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let argument = call.arguments.first();
    let text = match argument {
        Some(argument) => argument.exact(),
        None => call.input.text.as_deref(),
    };
    let Some(text) = text else {
        return Err(argument.map_or(Reason::Input, |_| Reason::Variable));
    };
    let mut updated: Option<&str> = None;
    for line in text.lines() {
        if let Some(to) = line.strip_prefix("*** Move to: ")
            && let Some(from) = updated.take()
        {
            name(walk, from, How::Rename);
            name(walk, to, How::Write);
        } else if let Some(path) = line.strip_prefix("*** Update File: ") {
            flush(walk, updated.replace(path));
        } else if let Some(path) = line.strip_prefix("*** Add File: ") {
            flush(walk, updated.take());
            name(walk, path, How::Create);
        } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
            flush(walk, updated.take());
            name(walk, path, How::Delete);
        }
    }
    flush(walk, updated);
    Ok(())
}

fn flush(walk: &mut Walk, updated: Option<&str>) {
    if let Some(path) = updated {
        name(walk, path, How::Write);
    }
}

fn name(walk: &mut Walk, path: &str, how: How) {
    walk.touch(&Field::text(path.trim()), how, Target::File);
}
