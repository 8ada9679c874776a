//! Commands that run other commands.

use crate::shell::Reason;
use crate::shell::arguments::{Arguments, Grammar};
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::words::name_length;
use crate::shell::{How, Target};

use super::tools;

type Outcome = Result<(), Reason>;

/// `command -v NAME` only asks.
pub(in crate::shell) fn command(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&Grammar::ANY.flags("pvV").leading())?;
    if !parsed.has("v V") {
        run(walk, call, &parsed.operands);
    }
    Ok(())
}

pub(in crate::shell) fn env(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("i0v")
        .values("uC")
        .long("ignore-environment null")
        .long_values("unset chdir");
    let parsed = call.parse_as(&grammar.leading())?;
    let is_assignment = |field: &&&Field| {
        let length = name_length(field.lead());
        length > 0 && field.lead()[length..].starts_with('=')
    };
    let own = parsed.operands.iter().take_while(is_assignment).count();
    walk.inside(parsed.values("C chdir").last(), |walk| run(walk, call, &parsed.operands[own..]));
    Ok(())
}

/// The last arguments come from the input; with `-I` they stand where the text says.
pub(in crate::shell) fn xargs(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("0rtpxo")
        .values("nPILdasEJR")
        .attached("iel")
        .long("null no-run-if-empty verbose exit")
        .long_values("max-args max-procs replace delimiter arg-file max-lines max-chars");
    let parsed = Arguments::parse(&grammar.leading(), call.arguments)?;
    if let Some(list) = parsed.values("a arg-file").last() {
        walk.touch(list, How::Read, Target::File);
    }
    let mark = parsed.values("I J replace i").last().map(|mark| match mark.as_text() {
        Some("") => "{}".to_owned(),
        mark => mark.unwrap_or_default().to_owned(),
    });
    let mut fields: Vec<Field> = parsed.operands.into_iter().cloned().collect();
    match mark {
        Some(mark) if !mark.is_empty() => fill(&mut fields, &mark),
        Some(_) => return Err(Reason::Option),
        None => fields.push(Field::Unknown { why: Reason::Input, lead: String::new(), many: true }),
    }
    walk.run(&fields, call.input);
    Ok(())
}

fn fill(fields: &mut [Field], mark: &str) {
    for field in fields {
        let at = field.as_text().and_then(|text| text.find(mark));
        if let Some(at) = at {
            let lead = field.lead()[..at].to_owned();
            *field = Field::Unknown { why: Reason::Input, lead, many: false };
        }
    }
}

/// `bash -c TEXT` is read like the text itself, `bash FILE` runs what is in the file.
pub(in crate::shell) fn shell(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("abcefhiklmnprstuvxBCDEHPT")
        .values("oO")
        .long("login noprofile norc posix restricted verbose")
        .long_values("rcfile init-file")
        .leading();
    let parsed = Arguments::parse(&grammar, call.arguments)?;
    let operands = parsed.operands.as_slice();
    match (parsed.has("c"), operands) {
        (true, [text, rest @ ..]) => {
            let text = text.exact().ok_or(Reason::Eval)?;
            let positional: Vec<_> = rest.iter().skip(1).copied().cloned().collect();
            walk.subshell(|walk| {
                walk.set_positional(&positional);
                walk.text(text);
            });
            Ok(())
        }
        (true, []) => Err(Reason::Option),
        (false, [file, ..]) if !parsed.has("s") => {
            walk.touch(file, How::Read, Target::File);
            tools::work_here(walk);
            Ok(())
        }
        _ => from_input(walk, call),
    }
}

fn from_input(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    match &call.input.text {
        Some(text) => walk.subshell(|walk| walk.text(text)),
        None if call.input.given => return Err(Reason::Eval),
        None => {}
    }
    Ok(())
}

pub(in crate::shell) fn eval(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let texts: Option<Vec<_>> = call.arguments.iter().map(Field::exact).collect();
    let Some(texts) = texts else {
        // It may have gone anywhere.
        walk.scope.change_directory(None);
        return Err(Reason::Eval);
    };
    walk.text(&texts.join(" "));
    Ok(())
}

fn run(walk: &mut Walk, call: &Call<'_>, operands: &[&Field]) {
    let fields: Vec<_> = operands.iter().copied().cloned().collect();
    walk.run(&fields, call.input);
}
