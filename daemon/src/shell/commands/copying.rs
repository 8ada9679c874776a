//! Copies, moves and links: operands of which the last is where the others go.

use crate::shell::arguments::{Arguments, Grammar};
use crate::shell::paths::file_name;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::{How, Reason, Target};

type Outcome = Result<(), Reason>;

const COPY: Grammar = Grammar::ANY
    .flags("abdfiHlLnPpRrsTuvxZ")
    .values("tS")
    .long(
        "archive backup copy-contents force interactive link dereference no-clobber no-dereference preserve parents recursive \
         strip-trailing-slashes symbolic-link no-target-directory update verbose one-file-system remove-destination reflink sparse exchange",
    )
    .long_values("target-directory suffix no-preserve");

/// Where operands go.
struct Transfer<'a> {
    sources: &'a [&'a Field],
    destination: &'a Field,
    /// Whether the destination is a directory that they go into.
    into: bool,
}

impl<'a> Transfer<'a> {
    fn of(
        parsed: &'a Arguments<'a>,
        directory: Option<&'a Field>,
        walk: &Walk,
    ) -> Result<Self, Reason> {
        let operands = parsed.operands.as_slice();
        if let Some(destination) = directory {
            return Ok(Self { sources: operands, destination, into: true });
        }
        let (destination, sources) = operands.split_last().ok_or(Reason::Option)?;
        if sources.is_empty() || destination.is_many() {
            return Err(Reason::Input);
        }
        let several = sources.len() > 1 || matches!(sources[0], Field::Pattern { .. });
        let into = several || destination.as_text().is_some_and(|text| walk.is_directory(text));
        Ok(Self { sources, destination, into: into && !parsed.has("T no-target-directory") })
    }

    /// Reports what is written: under their own names in the directory, or under the name given.
    fn write(&self, walk: &mut Walk, how: How, target: Target) {
        if !self.into {
            return walk.touch(self.destination, how, target);
        }
        for source in self.sources {
            let name = source.exact().and_then(file_name);
            match (self.destination.exact(), name) {
                (Some(directory), Some(name)) => {
                    let path = format!("{}/{name}", directory.trim_end_matches('/'));
                    walk.touch_text(&path, how, target);
                }
                (Some(directory), None) => walk.touch_text(directory, how, Target::Within),
                _ => walk.touch(self.destination, how, Target::Within),
            }
        }
    }
}

pub(in crate::shell) fn cp(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    transfer(walk, call, &COPY, How::Read)
}

pub(in crate::shell) fn mv(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    transfer(walk, call, &COPY, How::Rename)
}

fn transfer(walk: &mut Walk, call: &Call<'_>, grammar: &Grammar, how: How) -> Outcome {
    let parsed = call.parse_as(grammar)?;
    if parsed.has("parents") {
        return Err(Reason::Option);
    }
    let directory = parsed.values("t target-directory").last();
    let transfer = Transfer::of(&parsed, directory, walk)?;
    let whole = how == How::Rename || parsed.has("a r R archive recursive");
    let target = if whole { Target::Either } else { Target::File };
    for source in transfer.sources {
        walk.touch(source, how, target);
    }
    transfer.write(walk, How::Write, if transfer.into { target } else { Target::Either });
    Ok(())
}

/// What a symbolic link points to is not touched.
pub(in crate::shell) fn ln(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("bdfFihLnPrsTv")
        .values("tS")
        .long("force symbolic relative no-dereference no-target-directory verbose interactive")
        .long_values("target-directory suffix");
    let parsed = call.parse_as(&grammar)?;
    if let [only] = parsed.operands.as_slice()
        && let Some(name) = only.exact().and_then(file_name)
        && !parsed.has("t target-directory")
    {
        walk.touch_text(name, How::Create, Target::Either);
        return Ok(());
    }
    let transfer = Transfer::of(&parsed, parsed.values("t target-directory").last(), walk)?;
    if !parsed.has("s symbolic") {
        for source in transfer.sources {
            walk.touch(source, How::Read, Target::File);
        }
    }
    transfer.write(walk, How::Create, Target::Either);
    Ok(())
}

pub(in crate::shell) fn install(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("bcCdDpsTvZ")
        .values("gmotS")
        .long("directory compare preserve-timestamps strip verbose no-target-directory")
        .long_values("group mode owner target-directory suffix");
    let parsed = call.parse_as(&grammar)?;
    if !parsed.has("d directory") {
        return transfer(walk, call, &grammar, How::Read);
    }
    for directory in &parsed.operands {
        walk.touch(directory, How::Create, Target::Directory);
    }
    Ok(())
}

/// Between places on this machine; what is on another one is not ours.
pub(in crate::shell) fn rsync(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("vqcarRubdlLkKHpEXogDtUSnWxzCyPhi048mI")
        .values("efBMT")
        .long(
            "archive verbose recursive delete dry-run progress exclude-from stats update checksum links partial human-readable \
             itemize-changes ignore-existing existing delete-after delete-excluded size-only relative mkpath compress info no-owner \
             no-group no-perms inplace",
        )
        .long_values("exclude include rsh filter files-from link-dest backup-dir log-file max-size min-size");
    let parsed = call.parse_as(&grammar)?;
    let (destination, sources) = parsed.operands.split_last().ok_or(Reason::Option)?;
    if parsed.has("files-from") || destination.is_many() || sources.is_empty() {
        return Err(Reason::Input);
    }
    for source in sources.iter().filter(|source| !is_remote(source)) {
        walk.touch(source, How::Read, Target::Either);
    }
    if is_remote(destination) {
        return Err(Reason::Elsewhere);
    }
    if !parsed.has("n dry-run") {
        walk.touch(destination, How::Write, Target::Either);
    }
    Ok(())
}

fn is_remote(field: &Field) -> bool {
    let first = field.lead().split('/').next().unwrap_or_default();
    first.contains(':')
}

pub(in crate::shell) fn dd(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    for field in call.arguments {
        if field.lead().starts_with("if=") {
            walk.touch(&field.after(3), How::Read, Target::File);
        } else if field.lead().starts_with("of=") {
            walk.touch(&field.after(3), How::Write, Target::File);
        }
    }
    Ok(())
}

/// `xxd IN OUT`.
pub(in crate::shell) fn first_read_then_written(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse()?;
    for (operand, how) in parsed.operands.iter().zip([How::Read, How::Write]) {
        if operand.exact() != Some("-") {
            walk.touch(operand, how, Target::File);
        }
    }
    Ok(())
}

/// Its parts lie beside the prefix, or where the shell is.
pub(in crate::shell) fn split(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse()?;
    if let Some(file) = parsed.operands.first().filter(|file| file.exact() != Some("-")) {
        walk.touch(file, How::Read, Target::File);
    }
    let prefix = parsed.operands.get(1).map_or(Some("x"), |prefix| prefix.exact());
    let prefix = prefix.ok_or(Reason::Variable)?;
    let cut = prefix.rfind('/').map_or(0, |slash| slash + 1);
    walk.touch(&Field::Pattern { text: format!("{prefix}*"), cut }, How::Write, Target::File);
    Ok(())
}
