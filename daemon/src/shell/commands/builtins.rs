//! What the shell does itself: directories, variables, control.

use std::rc::Rc;

use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::words::name_length;
use crate::shell::{How, Likelihood, Reason, Target};

type Outcome = Result<(), Reason>;

/// Returns the operand of a directory builtin: none, or the last one that is no option.
fn operand<'c>(call: &Call<'c>) -> Option<&'c Field> {
    let is_option = |field: &&Field| {
        matches!(field.exact(), Some("-P" | "-L" | "-e" | "-LP" | "-PL" | "--" | "-n" | "-q"))
    };
    call.arguments.iter().find(|field| !is_option(field))
}

pub(in crate::shell) fn cd(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    match operand(call) {
        None => {
            let home = walk.home.clone();
            let home = if walk.scope.variable("HOME").is_some() { None } else { home };
            walk.go(home.ok_or(Reason::Variable));
        }
        Some(field) if field.exact() == Some("-") => {
            let previous = walk.scope.previous.clone();
            walk.go(previous.ok_or(Reason::Directory));
        }
        Some(field) if field.exact() == Some("") => {}
        Some(field) => walk.change_directory(field),
    }
    Ok(())
}

pub(in crate::shell) fn pushd(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let here = walk.scope.cwd.clone();
    match operand(call) {
        Some(field) if !field.lead().starts_with(['+', '-']) => {
            walk.change_directory(field);
            walk.scope.stack.push(here);
        }
        None if !walk.scope.stack.is_empty() => {
            let top = walk.scope.stack.pop().flatten();
            walk.go(top.ok_or(Reason::Directory));
            walk.scope.stack.push(here);
        }
        _ => lose(walk),
    }
    Ok(())
}

pub(in crate::shell) fn popd(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    match (operand(call), walk.scope.stack.pop()) {
        (None, Some(top)) => walk.go(top.ok_or(Reason::Directory)),
        _ => lose(walk),
    }
    Ok(())
}

/// What the stack held before the text is not known.
fn lose(walk: &mut Walk) {
    walk.scope.stack.clear();
    walk.go(Err(Reason::Directory));
}

pub(in crate::shell) fn declare(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    for field in call.arguments {
        let lead = field.lead();
        let length = name_length(lead);
        if length > 0 && lead[length..].starts_with('=') {
            let value = match field.after(length + 1) {
                // The shell does not look for matches here.
                Field::Pattern { text, .. } => Field::Text(text),
                other => other,
            };
            walk.scope.assign(&lead[..length], Rc::new([value]));
        } else if length > 0 && lead[length..].starts_with("+=") {
            walk.scope.forget(&lead[..length]);
        }
    }
    Ok(())
}

pub(in crate::shell) fn unset(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    for name in call.arguments.iter().filter_map(Field::exact) {
        walk.scope.forget(name);
    }
    Ok(())
}

/// `read NAME…`: what comes from the input is not known. The values of options are forgotten as well, which
/// does no harm.
pub(in crate::shell) fn read(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    for name in call.arguments.iter().filter_map(Field::exact) {
        if name_length(name) == name.len() && !name.is_empty() {
            let unknown = Field::unknown(Reason::Input);
            walk.scope.assign(name, Rc::new([unknown]));
        }
    }
    Ok(())
}

pub(in crate::shell) fn set(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let dashes = call.arguments.iter().position(|field| field.exact() == Some("--"));
    if let Some(at) = dashes {
        walk.set_positional(&call.arguments[at + 1..]);
    } else if call.arguments.iter().any(|field| !field.lead().starts_with(['-', '+'])) {
        let unknown = Field::Unknown { why: Reason::Variable, lead: String::new(), many: true };
        walk.set_positional(&[unknown]);
    }
    Ok(())
}

pub(in crate::shell) fn exit(walk: &mut Walk, _: &Call<'_>) -> Outcome {
    walk.scope.ended = true;
    Ok(())
}

pub(in crate::shell) fn skip(walk: &mut Walk, _: &Call<'_>) -> Outcome {
    walk.scope.skipping = true;
    walk.scope.likelihood = Likelihood::Possible;
    Ok(())
}

/// What `trap` is given runs later, wherever the shell is then.
pub(in crate::shell) fn trap(_: &mut Walk, call: &Call<'_>) -> Outcome {
    match call.arguments.first().map(Field::lead) {
        None | Some("" | "-" | "-l" | "-p") => Ok(()),
        Some(_) => Err(Reason::Eval),
    }
}

/// What a sourced file does is its own; directory and variables are taken to stay.
pub(in crate::shell) fn source(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let Some(file) = call.arguments.first() else { return Ok(()) };
    walk.touch(file, How::Read, Target::File);
    Err(Reason::Program)
}
