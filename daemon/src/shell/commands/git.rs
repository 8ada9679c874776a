//! `git`: where it works, and the paths among its arguments. Revisions and paths look alike; what is
//! not certainly a path is not told.

use crate::shell::arguments::Grammar;
use crate::shell::catalogue::touch_all;
use crate::shell::paths::file_name;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::{How, Reason, Target};

use super::tools::{clone_name, work_here};

type Outcome = Result<(), Reason>;

const ADD: Grammar = Grammar::ANY
    .flags("AuvnfipN")
    .long("all update force patch verbose dry-run intent-to-add interactive ignore-errors no-all renormalize");
const REMOVE: Grammar =
    Grammar::ANY.flags("rfnq").long("cached force dry-run quiet ignore-unmatch");
const MOVE: Grammar = Grammar::ANY.flags("fkvn").long("force verbose dry-run");
const RESTORE: Grammar = Grammar::ANY
    .flags("SWpq")
    .values("s")
    .long("staged worktree patch quiet ours theirs overlay no-overlay")
    .long_values("source");
const BLAME: Grammar = Grammar::ANY
    .flags("wbfnpesltc")
    .values("LS")
    .attached("CM")
    .long("line-porcelain porcelain show-email date");
const CLEAN: Grammar = Grammar::ANY.flags("dfxXnqi").values("e").long("force dry-run quiet");
const CLONE: Grammar = Grammar::ANY
    .flags("qvnls")
    .values("bocju")
    .long(
        "bare mirror recursive recurse-submodules shallow-submodules single-branch no-checkout no-tags quiet local shared sparse",
    )
    .long_values("branch depth origin config reference jobs filter template separate-git-dir shallow-since");
const INIT: Grammar =
    Grammar::ANY.flags("q").values("b").long("bare quiet").long_values("initial-branch template");
const GREP: Grammar = Grammar::ANY
    .flags("aIivwhHEGPFnlLOczopqrW")
    .values("efABCm")
    .numbers()
    .long(
        "cached untracked no-index ignore-case word-regexp invert-match line-number files-with-matches name-only count \
         extended-regexp fixed-strings perl-regexp heading break show-function color column",
    )
    .long_values("after-context before-context context max-depth");
const APPLY: Grammar = Grammar::ANY
    .flags("R3vz")
    .values("pC")
    .long("check stat numstat summary index cached reverse reject 3way verbose recount unidiff-zero apply whitespace intent-to-add")
    .long_values("directory exclude include");
const WORKTREE: Grammar = Grammar::ANY
    .flags("fdq")
    .values("bB")
    .long("force detach no-checkout checkout lock quiet track guess-remote orphan")
    .long_values("reason");

/// Takes the options before the subcommand, and goes where they say.
pub(in crate::shell) fn git(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("pPhv")
        .values("Cc")
        .long("no-pager paginate bare version help no-optional-locks literal-pathspecs no-replace-objects")
        .long_values("git-dir work-tree namespace")
        .leading();
    let parsed = call.parse_as(&grammar)?;
    let Some((name, arguments)) = parsed.operands.split_first() else { return Ok(()) };
    let Some(name) = name.exact() else { return Err(Reason::Variable) };
    if parsed.has("git-dir work-tree") {
        // Paths then are below another directory than the one in force.
        return Err(Reason::Option);
    }
    let arguments: Vec<Field> = arguments.iter().copied().cloned().collect();
    let call = Call { name, arguments: &arguments, ..*call };
    let directories: Vec<&Field> = parsed.values("C").collect();
    let mut outcome = Ok(());
    inside_all(walk, &directories, &mut |walk| outcome = subcommand(walk, &call));
    outcome
}

fn inside_all(walk: &mut Walk, directories: &[&Field], run: &mut dyn FnMut(&mut Walk)) {
    match directories.split_first() {
        Some((first, rest)) => walk.inside(Some(first), |walk| inside_all(walk, rest, run)),
        None => run(walk),
    }
}

fn subcommand(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    match call.name {
        "clone" => return clone(walk, call),
        "init" => return init(walk, call),
        _ => walk.touch_here(How::Command, Target::Directory),
    }
    match call.name {
        "add" | "stage" => paths(walk, call, &ADD, How::Read),
        "rm" => remove(walk, call),
        "mv" => rename(walk, call),
        "restore" => restore(walk, call),
        "checkout" => checkout(walk, call),
        "diff" | "show" | "log" | "whatchanged" | "shortlog" | "difftool" => revisions(walk, call),
        "blame" | "annotate" => blame(walk, call),
        "grep" => grep(walk, call),
        "clean" => clean(walk, call),
        "apply" | "am" => apply(walk, call),
        "worktree" => worktree(walk, call),
        "commit" | "reset" | "stash" => {
            after_dashes(walk, call, How::Read);
            walk.unresolved(Reason::Program);
            Ok(())
        }
        "merge" | "pull" | "rebase" | "switch" | "cherry-pick" | "revert" | "submodule"
        | "bisect" | "lfs" | "sparse-checkout" | "filter-branch" | "read-tree"
        | "checkout-index" | "update-index" | "archive" | "format-patch" | "bundle" | "svn"
        | "flow" => {
            walk.unresolved(Reason::Program);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A path as git takes it: a pattern is one also where the shell has left it alone.
fn pathspec(field: &Field) -> Result<Field, Reason> {
    let Some(text) = field.exact() else { return Ok(field.clone()) };
    if text.starts_with(':') {
        return Err(Reason::Glob);
    }
    match text.find(['*', '?', '[']) {
        Some(glob) => {
            let cut = text[..glob].rfind('/').map_or(0, |slash| slash + 1);
            Ok(Field::Pattern { text: text.to_owned(), cut })
        }
        None => Ok(field.clone()),
    }
}

fn touch_specs(walk: &mut Walk, operands: &[&Field], how: How) {
    for operand in operands {
        match pathspec(operand) {
            Ok(field) => walk.touch(&field, how, Target::Either),
            Err(reason) => walk.unresolved(reason),
        }
    }
}

fn paths(walk: &mut Walk, call: &Call<'_>, grammar: &Grammar, how: How) -> Outcome {
    let parsed = call.parse_as(grammar)?;
    touch_specs(walk, &parsed.operands, how);
    Ok(())
}

fn remove(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&REMOVE)?;
    if !parsed.has("cached n dry-run") {
        touch_specs(walk, &parsed.operands, How::Delete);
    }
    Ok(())
}

fn rename(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&MOVE)?;
    let (destination, sources) = parsed.operands.split_last().ok_or(Reason::Option)?;
    touch_all(walk, sources, How::Rename, Target::Either);
    let directory = destination.exact().filter(|text| sources.len() > 1 || walk.is_directory(text));
    let Some(directory) = directory else {
        walk.touch(destination, How::Write, Target::Either);
        return Ok(());
    };
    for source in sources {
        match source.exact().and_then(file_name) {
            Some(name) => {
                let path = format!("{}/{name}", directory.trim_end_matches('/'));
                walk.touch_text(&path, How::Write, Target::Either);
            }
            None => walk.touch_text(directory, How::Write, Target::Within),
        }
    }
    Ok(())
}

fn restore(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&RESTORE)?;
    if !parsed.has("S staged") || parsed.has("W worktree") {
        touch_specs(walk, &parsed.operands, How::Write);
    }
    Ok(())
}

/// `checkout X` is a branch or a path; `checkout .` and what follows `--` are paths.
fn checkout(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    if after_dashes(walk, call, How::Write) {
        return Ok(());
    }
    if call.arguments.len() == 1 && call.arguments[0].exact() == Some(".") {
        walk.touch_here(How::Write, Target::Within);
        return Ok(());
    }
    Err(Reason::Program)
}

/// Reports what follows `--`. Returns whether there was one.
fn after_dashes(walk: &mut Walk, call: &Call<'_>, how: How) -> bool {
    let dashes = call.arguments.iter().position(|field| field.exact() == Some("--"));
    let Some(at) = dashes else { return false };
    let operands: Vec<&Field> = call.arguments[at + 1..].iter().collect();
    touch_specs(walk, &operands, how);
    true
}

fn revisions(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    if after_dashes(walk, call, How::Read) {
        return Ok(());
    }
    let mut unclear = false;
    for field in call.arguments.iter().filter(|field| !field.lead().starts_with('-')) {
        match field.exact().and_then(|text| text.split_once(":./")) {
            Some((_, path)) => walk.touch(&Field::text(path), How::Read, Target::Either),
            None => unclear |= !field.exact().is_some_and(is_revision),
        }
    }
    if unclear { Err(Reason::Option) } else { Ok(()) }
}

/// Whether this can be nothing but a revision, or the value of an option.
fn is_revision(text: &str) -> bool {
    if text.contains(':') {
        return false;
    }
    text.starts_with("HEAD")
        || text.starts_with("origin/")
        || text.starts_with("stash@")
        || matches!(text, "main" | "master" | "develop")
        || (text.contains("..") && !text.contains('/'))
        || text.ends_with(['^', '~'])
        || (text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || text.bytes().all(|byte| byte.is_ascii_digit())
}

fn blame(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&BLAME)?;
    match parsed.operands.as_slice() {
        [file] => walk.touch(file, How::Read, Target::File),
        [_, file] if parsed.before_dashes < 2 => walk.touch(file, How::Read, Target::File),
        _ => return Err(Reason::Option),
    }
    Ok(())
}

fn grep(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let mut parsed = call.parse_as(&GREP)?;
    if !parsed.has("e f") {
        parsed.take_text()?;
    }
    match parsed.operands.get(parsed.before_dashes..) {
        // Before `--` stand revisions, or paths.
        _ if parsed.before_dashes > 0 => Err(Reason::Option),
        None | Some([]) => {
            walk.touch_here(How::Search, Target::Directory);
            Ok(())
        }
        Some(specs) => {
            touch_specs(walk, specs, How::Search);
            Ok(())
        }
    }
}

fn clean(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&CLEAN)?;
    if parsed.has("n dry-run") {
        return Ok(());
    }
    if parsed.operands.is_empty() {
        walk.touch_here(How::Delete, Target::Within);
    }
    touch_specs(walk, &parsed.operands, How::Delete);
    Ok(())
}

fn apply(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&APPLY)?;
    touch_all(walk, &parsed.operands, How::Read, Target::File);
    if !parsed.has("check stat numstat summary") {
        work_here(walk);
    }
    Ok(())
}

fn clone(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&CLONE)?;
    match parsed.operands.as_slice() {
        [address] => {
            let address = address.exact().ok_or(Reason::Variable)?;
            let name = clone_name(address).ok_or(Reason::Option)?;
            walk.touch_text(name, How::Create, Target::Directory);
        }
        [_, directory] => walk.touch(directory, How::Create, Target::Directory),
        _ => return Err(Reason::Option),
    }
    Ok(())
}

fn init(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&INIT)?;
    match parsed.operands.first() {
        Some(directory) => walk.touch(directory, How::Create, Target::Directory),
        None => walk.touch_here(How::Command, Target::Directory),
    }
    Ok(())
}

fn worktree(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let Some((action, arguments)) = call.arguments.split_first() else { return Ok(()) };
    let call = Call { arguments, ..*call };
    let how = match action.exact() {
        Some("add") => How::Create,
        Some("remove") => How::Delete,
        _ => return Ok(()),
    };
    let parsed = call.parse_as(&WORKTREE)?;
    if let Some(directory) = parsed.operands.first() {
        walk.touch(directory, how, Target::Directory);
    }
    Ok(())
}
