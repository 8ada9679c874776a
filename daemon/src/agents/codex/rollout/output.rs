//! Outputs of calls: only what came of the call is read.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::session::Outcome;
use crate::session::json::{self, Head, List, Number, Str, object};

/// Lines of an output that may be its heading.
const HEADING: usize = 8;

/// What came of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A command or patch ended with this code.
    Code(u64),
    /// It goes on.
    Running,
    /// It was not allowed, or there is no such tool.
    Refused,
    /// It was tried, and failed.
    Failed,
    /// There is an output, and it does not tell.
    Given,
    /// There is none.
    #[default]
    None,
}

/// How outputs of calls begin that did not run.
const REFUSALS: &[&str] =
    &["patch rejected", "unsupported call", "aborted by user", "unsupported custom tool call"];

/// How outputs of calls begin that failed.
const FAILURES: &[&str] = &["apply_patch verification failed", "unable to ", "failed to "];

object! {
    /// An output of old.
    struct Old<'a> {
        "metadata" => metadata: OldMetadata<'a>,
        "output" => output: Str<'a>,
        "content" => content: Str<'a>,
        "success" => success: json::Flag,
    }
}

object! {
    /// See [`Old`].
    struct OldMetadata<'a> {
        "exit_code" => exit_code: Number,
    }
}

impl Ending {
    /// Reads the heading of an output.
    fn of(text: &str) -> Self {
        if text.starts_with('{')
            && let Ok(old) = json::read::<Old<'_>>(text.as_bytes())
            && let Some(code) = old.metadata.exit_code.0
        {
            return Self::Code(code);
        }
        let begins = |with: &[&str]| with.iter().any(|begin| text.starts_with(begin));
        let lines = text.lines().take(HEADING).take_while(|line| *line != "Output:");
        if begins(REFUSALS) || text.lines().next().is_some_and(|line| line.contains("rejected by"))
        {
            Self::Refused
        } else if begins(FAILURES) {
            Self::Failed
        } else {
            lines.filter_map(Self::of_line).next().unwrap_or(Self::Given)
        }
    }

    fn of_line(line: &str) -> Option<Self> {
        if line.starts_with("Process running with session ID") {
            return Some(Self::Running);
        }
        let code = ["Process exited with code ", "Exit code: "];
        let code = code.iter().find_map(|begin| line.strip_prefix(begin))?;
        // A code below zero is a signal on some systems.
        Some(Self::Code(code.trim().parse().unwrap_or(u64::MAX)))
    }

    /// Returns what it means for a call.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Code(0) => Outcome::Done,
            Self::Code(_) | Self::Failed => Outcome::Failed,
            Self::Refused => Outcome::Rejected,
            Self::Running | Self::Given | Self::None => Outcome::Unknown,
        }
    }

    /// Reads an output that is an object, or a list of parts of which the first may be a text.
    fn of_parts(source: &str) -> Self {
        if let Ok(parts) = serde_json::from_str::<List<Part<'_>>>(source)
            && !parts.0.is_empty()
        {
            return Self::of(parts.0[0].text.get());
        }
        let Ok(old) = json::read::<Old<'_>>(source.as_bytes()) else { return Self::None };
        match (old.success.0, old.metadata.exit_code.0) {
            (_, Some(code)) => Self::Code(code),
            (Some(false), _) => Self::Failed,
            _ => {
                Self::of(if old.content.0.is_some() { old.content.get() } else { old.output.get() })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ending {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let source = <&RawValue>::deserialize(input)?.get();
        if source.starts_with("\"{") {
            // An object in a text: what came of the call stands behind what it printed.
            let text: Result<String, _> = serde_json::from_str(source);
            return Ok(text.map_or(Self::Given, |text| Self::of(&text)));
        }
        Ok(match Head::of(source) {
            Head::Text(text) => Self::of(&text),
            Head::Other(source) => Self::of_parts(source),
        })
    }
}

object! {
    /// A part of an output.
    struct Part<'a> {
        "text" => text: Str<'a>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_tells_what_came_of_a_call() {
        let unified =
            |status: &str| format!("Chunk ID: 1\nWall time: 0.1 seconds\n{status}\nOutput:\nx");
        for (text, ending) in [
            (unified("Process exited with code 0"), Ending::Code(0)),
            (unified("Process exited with code 128"), Ending::Code(128)),
            (unified("Process running with session ID 7"), Ending::Running),
            ("Exit code: 1\nWall time: 0 seconds\nOutput:\nExit code: 0".into(), Ending::Code(1)),
            ("Output:\nExit code: 1".into(), Ending::Given),
            (r#"{"output":"x","metadata":{"exit_code":2}}"#.into(), Ending::Code(2)),
            ("patch rejected: writing is blocked".into(), Ending::Refused),
            ("exec_command failed: rejected by user approval".into(), Ending::Refused),
            ("unsupported call: x".into(), Ending::Refused),
            ("apply_patch verification failed: y".into(), Ending::Failed),
            ("".into(), Ending::Given),
        ] {
            assert_eq!(Ending::of(&text), ending, "{text}");
        }
    }
}
