//! The fields of a line that are read; content has none.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess};

use crate::session::json::{Flag, Lax, LineCount, List, Number, Object, Str, Table, Take, object};

pub(super) use super::output::Ending;

/// Fields at the top of a line that are known and not read.
const BESIDES: &[&str] = &["metadata"];

object! {
    /// One line of whatever type.
    struct Line<'a> {
        "timestamp" => timestamp: Str<'a>,
        "ordinal" => ordinal: Number,
        "type" => kind: Str<'a>,
        "payload" => payload: Payload<'a>,
    }
    unknown unknown besides BESIDES
}

object! {
    /// What lines of all types carry. The texts of commands and patches are read and forgotten.
    struct Payload<'a> {
        "type" => kind: Str<'a>,
        "id" => id: Str<'a>,
        "thread_id" => thread: Str<'a>,
        "turn_id" => turn: Str<'a>,
        "forked_from_id" => forked_from: Str<'a>,
        "parent_thread_id" => parent: Str<'a>,
        "originator" => originator: Str<'a>,
        "cli_version" => version: Str<'a>,
        "source" => source: Source<'a>,
        "model_provider" => provider: Str<'a>,
        "git" => git: Git<'a>,
        "history_base" => history_base: HistoryBase<'a>,
        "subagent_history_start_ordinal" => first_ordinal: Number,
        "cwd" => cwd: Str<'a>,
        "model" => model: Str<'a>,
        "approval_policy" => approval_policy: NameOrObject<'a>,
        "sandbox_policy" => sandbox_policy: Tagged<'a>,
        "permission_profile" => permission_profile: Tagged<'a>,
        "thread_settings" => thread_settings: Settings<'a>,
        "info" => info: Info<'a>,
        "response_id" => response: Str<'a>,
        "usage" => usage: Counters<'a>,
        "item" => item: Item<'a>,
        "name" => name: Str<'a>,
        "call_id" => call: Str<'a>,
        "arguments" => arguments: Str<'a>,
        "input" => input: Str<'a>,
        "action" => action: Action<'a>,
        "output" => output: Ending,
        "success" => success: Flag,
        "status" => status: Str<'a>,
        "changes" => changes: Table<'a, Change<'a>>,
        "command" => command: Words<'a>,
        "parsed_cmd" => parsed: List<Parsed<'a>>,
        "exit_code" => exit_code: Number,
        "duration" => duration: Elapsed<'a>,
    }
}

object! {
    /// Where the thread worked when it began.
    struct Git<'a> {
        "commit_hash" => commit: Str<'a>,
        "branch" => branch: Str<'a>,
        "repository_url" => remote: Str<'a>,
    }
}

object! {
    /// The thread that a page goes on with.
    struct HistoryBase<'a> {
        "thread_id" => thread: Str<'a>,
    }
}

object! {
    /// What a turn works with.
    struct Settings<'a> {
        "cwd" => cwd: Str<'a>,
        "model" => model: Str<'a>,
        "model_provider_id" => provider: Str<'a>,
        "approval_policy" => approval_policy: NameOrObject<'a>,
        "sandbox_policy" => sandbox_policy: Tagged<'a>,
        "permission_profile" => permission_profile: Tagged<'a>,
    }
}

impl<'a> Payload<'a> {
    /// Returns the settings that a `turn_context` has.
    pub(super) fn settings(&self) -> Settings<'a> {
        let text = |text: &Str<'a>| Str(text.0.clone());
        Settings {
            cwd: text(&self.cwd),
            model: text(&self.model),
            approval_policy: NameOrObject(self.approval_policy.0.clone()),
            sandbox_policy: Tagged { kind: text(&self.sandbox_policy.kind), ..Tagged::default() },
            permission_profile: Tagged {
                kind: text(&self.permission_profile.kind),
                ..Tagged::default()
            },
            ..Settings::default()
        }
    }
}

object! {
    /// An object of which only the type matters.
    struct Tagged<'a> {
        "type" => kind: Str<'a>,
    }
}

object! {
    /// The counters of the thread, and those of its last response.
    struct Info<'a> {
        "total_token_usage" => total: Counters<'a>,
        "last_token_usage" => last: Counters<'a>,
    }
}

object! {
    /// Token counters; `input` has all that was read, `output` has the reasoning.
    struct Counters<'a> {
        "input_tokens" => input: Number,
        "cached_input_tokens" => cached: Number,
        "cache_write_input_tokens" => written: Number,
        "output_tokens" => output: Number,
        "reasoning_output_tokens" => reasoning: Number,
        "total_tokens" => total: Number,
    }
}

object! {
    /// Something that a turn did.
    struct Item<'a> {
        "type" => kind: Str<'a>,
        "id" => id: Str<'a>,
        "command" => command: Words<'a>,
        "cwd" => cwd: Str<'a>,
        "parsed_cmd" => parsed: List<Parsed<'a>>,
        "status" => status: Str<'a>,
        "duration" => duration: Elapsed<'a>,
        "changes" => changes: Table<'a, Change<'a>>,
        "path" => path: Str<'a>,
    }
}

object! {
    /// A part of a command, as the agent read it.
    struct Parsed<'a> {
        "type" => kind: Str<'a>,
        "path" => path: Str<'a>,
    }
}

object! {
    /// How long something took.
    struct Elapsed<'a> {
        "secs" => seconds: Number,
        "nanos" => nanos: Number,
    }
}

object! {
    /// The change of one file: of what changed only the lines are counted.
    struct Change<'a> {
        "type" => kind: Str<'a>,
        "move_path" => move_path: Str<'a>,
        "content" => content: LineCount,
        "unified_diff" => diff: LineCount,
    }
}

object! {
    /// A call of the shell tool of old.
    struct Action<'a> {
        "command" => command: Words<'a>,
        "working_directory" => workdir: Str<'a>,
    }
}

object! {
    /// What a tool is told, as far as it names a place. Commands are read and forgotten.
    struct Arguments<'a> {
        "cmd" => cmd: Words<'a>,
        "command" => command: Words<'a>,
        "workdir" => workdir: Str<'a>,
        "path" => path: Str<'a>,
        "input" => input: Str<'a>,
    }
}

/// A name, or an object that stands for `granular`.
#[derive(Default)]
pub(super) struct NameOrObject<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de> Take<'de> for NameOrObject<'de> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(Some(text))
    }

    fn fields<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        <Str<'_> as Take<'_>>::fields(map).map(|_| Self(Some("granular".into())))
    }
}

impl<'de> Deserialize<'de> for NameOrObject<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

/// A command: one text, or its arguments.
#[derive(Default)]
pub(super) struct Words<'a>(pub(super) Vec<Str<'a>>);

impl<'de> Take<'de> for Words<'de> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(vec![Str(Some(text))])
    }

    fn items<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        List::items(seq).map(|list: List<_>| Self(list.0))
    }
}

impl<'de> Deserialize<'de> for Words<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

/// What a thread was started by.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    /// The thread that spawned it.
    pub(super) parent: Str<'a>,
}

object! {
    /// A source that is more than a name.
    struct Other<'a> {
        "subagent" => subagent: Subagent<'a>,
        "custom" => custom: Str<'a>,
        "internal" => internal: Str<'a>,
    }
}

/// A subagent's kind: a name, or what spawned it.
#[derive(Default)]
pub(crate) struct Subagent<'a> {
    is_there: bool,
    spawn: Str<'a>,
}

object! {
    /// See [`Subagent`].
    struct SubagentKind<'a> {
        "thread_spawn" => spawn: Spawn<'a>,
    }
}

object! {
    /// See [`Subagent`].
    struct Spawn<'a> {
        "parent_thread_id" => parent: Str<'a>,
    }
}

impl<'de> Take<'de> for Subagent<'de> {
    fn text(_: Cow<'de, str>) -> Self {
        Self { is_there: true, spawn: Str::default() }
    }

    fn fields<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let kind = SubagentKind::read(&mut map)?;
        Ok(Self { is_there: true, spawn: kind.spawn.parent })
    }
}

impl<'de> Deserialize<'de> for Subagent<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

impl<'de> Take<'de> for Source<'de> {
    fn text(text: Cow<'de, str>) -> Self {
        Self { name: Some(text), parent: Str::default() }
    }

    fn fields<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let other = Other::read(&mut map)?;
        let name = match (other.subagent.is_there, other.custom.0, other.internal.0) {
            (true, ..) => Some("subagent"),
            (_, Some(_), _) => Some("custom"),
            (_, _, Some(_)) => Some("internal"),
            _ => None,
        };
        Ok(Self { name: name.map(Cow::Borrowed), parent: other.subagent.spawn })
    }
}

impl<'de> Deserialize<'de> for Source<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}
