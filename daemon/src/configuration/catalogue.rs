//! What an agent's configuration is made of, as data: its files, the keys that matter in them, which
//! values may stand in a record, and what is a risk.
//!
//! The tables are the agents' ([`crate::agents::Agent::configuration`]); what is done with them is
//! the same for all.

use trackway_protocol::record::Risk;

use crate::enrich::redact::value::Value as Text;

/// The configuration of one agent.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) files: &'static [FileRule],
    pub(crate) risks: &'static [RiskRule],
    /// Which layers there are, and how they count.
    pub(crate) layers: &'static Layers,
}

/// For whom a file counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    User,
    Project,
    Local,
    Managed,
}

impl Scope {
    /// Returns the word that records use for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
            Self::Managed => "managed",
        }
    }
}

/// Below which directory a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Base {
    /// The agent's own directory.
    Home,
    /// The directory above the agent's default one.
    BesideHome,
    /// Every directory that an agent works in, and those above it up to the top of its repository.
    Project,
    /// A directory of whoever administers the machine.
    Managed(&'static str),
}

/// One file, or several whose names are alike.
#[derive(Debug)]
pub(crate) struct FileRule {
    pub(crate) base: Base,
    /// Its path below the base. `*` stands for any text in a component, `**` for any directories.
    pub(crate) path: &'static str,
    pub(crate) scope: Scope,
    /// What it is, in the word of records.
    pub(crate) kind: &'static str,
    pub(crate) format: Format,
}

impl FileRule {
    pub(crate) const fn new(
        base: Base,
        path: &'static str,
        scope: Scope,
        kind: &'static str,
        format: Format,
    ) -> Self {
        Self { base, path, scope, kind, format }
    }
}

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// JSON with these keys; what is on no list is noted as set, its value is not kept.
    Json(&'static [KeyRule]),
    /// JSON of which these keys alone are looked at.
    JsonOnly(&'static [KeyRule]),
    /// TOML with these keys.
    Toml(&'static [KeyRule]),
    /// Text for the model: its hash and size.
    Hash,
    /// Secrets: it is never opened.
    Secret,
}

/// One key.
#[derive(Debug)]
pub(crate) struct KeyRule {
    /// Its path with dots, where `*` is any one component.
    pub(crate) key: &'static str,
    pub(crate) show: Show,
}

impl KeyRule {
    pub(crate) const fn new(key: &'static str, show: Show) -> Self {
        Self { key, show }
    }
}

/// What of a value may stand in a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Show {
    /// Nothing: that it is set, and that it changed.
    Hidden,
    /// It is not even noted: agents write it all the time.
    Ignored,
    /// `true` and `false`.
    Flag,
    /// `true`; what is not true is not set.
    True,
    /// A number.
    Number,
    /// Text as far as it has this form.
    Text(Text),
    /// The same, or the name of something that the same file describes.
    Name(Text),
    /// A flag, or text of this form.
    FlagOr(Text),
    /// The host of an address, with its port.
    Host,
    /// A path that says where it begins.
    Path,
    /// A list, which counts as a set of this.
    List(&'static Self),
    /// A rule of what tools may do: the tool's name, and of its argument what is plain.
    Rule,
    /// Programs that run at events: by event a set, of which each member's type stands.
    Hooks,
}

/// What is a risk.
#[derive(Debug)]
pub(crate) struct RiskRule {
    /// The key, as in [`KeyRule`].
    pub(crate) key: &'static str,
    pub(crate) when: When,
    pub(crate) risk: Risk,
    /// Why, in a sentence.
    pub(crate) why: &'static str,
    /// What to do, in a sentence; empty where there is nothing to do once it has happened.
    pub(crate) fix: &'static str,
}

impl RiskRule {
    /// A risk of which it can be said what to do.
    pub(crate) const fn new(
        risk: Risk,
        key: &'static str,
        when: When,
        why: &'static str,
        fix: &'static str,
    ) -> Self {
        Self { key, when, risk, why, fix }
    }

    /// A change that is worth knowing of, and nothing to mend.
    pub(crate) const fn news(risk: Risk, key: &'static str, when: When, why: &'static str) -> Self {
        Self { key, when, risk, why, fix: "" }
    }
}

/// What is a risk in the files of every agent, whatever they say.
pub(crate) const OF_FILES: [RiskRule; 3] = [
    RiskRule::new(
        Risk::High,
        "@mode",
        When::Mode(0o077),
        "others than the owner can get at it",
        "chmod 600",
    ),
    RiskRule::news(Risk::Low, "@link", When::Set, "the file is a link to another one"),
    RiskRule::news(
        Risk::Low,
        "@content",
        When::SetByProject,
        "the project's instructions to the model changed",
    ),
];

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// Whatever it is.
    Set,
    /// That it is set by whoever owns the project, and not by the user.
    SetByProject,
    /// One of these words.
    Is(&'static [&'static str]),
    /// Another word than these.
    IsNot(&'static [&'static str]),
    True,
    False,
    /// A number below this one.
    Below(u64),
    /// A rule that allows a whole tool that can do much.
    Broad,
    /// Mode bits that let others than the owner do one of these.
    Mode(u32),
    /// That it is there no more.
    Gone,
}

/// The layers of an agent's configuration, and how they count together.
#[derive(Debug)]
pub(crate) struct Layers {
    /// Names of flags, as launches record them, with the keys that they set: `--model=`'s value is the
    /// key's, a flag alone sets the value given here.
    pub(crate) flags: &'static [FlagRule],
    /// Keys of which a session's own file says what was in force.
    pub(crate) session: SessionKeys,
    /// What holds where nothing is set.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
    /// Keys that a project cannot set, whatever its file says.
    pub(crate) not_by_project: &'static [&'static str],
    /// Keys that a project sets only where the user trusts it; `*`: all.
    pub(crate) if_trusted: &'static [&'static str],
    /// By what key the user's own files say that a project is trusted, and the value.
    pub(crate) trust: Trust,
    /// Where only the directory in which the agent is started has a project's settings: why it is not
    /// known whether local ones at the top of the repository count. None where all directories from
    /// the top on count.
    pub(crate) only_in_cwd: Option<&'static str>,
    /// How the names of files end that count only where a flag chooses them, and that flag.
    pub(crate) profile: Option<(&'static str, &'static str)>,
    /// What versions of the agent do not agree on, where a project says it.
    pub(crate) differs: &'static [Differs],
    /// Settings that switch others off.
    pub(crate) switches: &'static [Switch],
    /// Keys of which a value that the table does not know may make the agent leave the file out.
    pub(crate) strict: &'static [&'static str],
    /// Whether the agent goes on without a file that it cannot read.
    pub(crate) leaves_out: bool,
    /// Variables that hold a login, and what kind.
    pub(crate) logins: &'static [(&'static str, &'static str)],
    /// Whether a launch's endpoint is told by a key of its own.
    pub(crate) names_endpoint: bool,
    /// Flags that switch the user's own files off.
    pub(crate) without_user: &'static [&'static str],
    /// Flags that add settings which are not read.
    pub(crate) more: &'static [&'static str],
}

/// The last part of a key below `projects.DIR`, and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust(pub(crate) &'static str, pub(crate) Option<&'static str>);

impl Trust {
    /// Returns the value that says so.
    pub(crate) fn value(self) -> serde_json::Value {
        self.1.map_or(true.into(), Into::into)
    }
}

/// A setting that, where it says this, switches others off.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) key: &'static str,
    pub(crate) says: Says,
    /// What is off: a key, or all below it; of a value only that one.
    pub(crate) off: &'static str,
    pub(crate) value: Option<&'static str>,
    /// Whether what is managed stays on.
    pub(crate) spares_managed: bool,
}

/// What a switch says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// Anything.
    Set,
    True,
    Word(&'static str),
}

impl Says {
    /// Whether a value says so.
    pub(crate) fn is(self, value: Option<&serde_json::Value>) -> bool {
        match self {
            Self::Set => true,
            Self::True => value == Some(&serde_json::Value::Bool(true)),
            Self::Word(word) => value.and_then(serde_json::Value::as_str) == Some(word),
        }
    }
}

/// A value of a project that some versions obey and others do not.
#[derive(Debug)]
pub(crate) struct Differs {
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    /// Versions with which it was tried, and which obeyed.
    pub(crate) obeyed_by: &'static [&'static str],
    /// Those that did not.
    pub(crate) ignored_by: &'static [&'static str],
    pub(crate) why: &'static str,
}

/// A flag that sets a key.
#[derive(Debug)]
pub(crate) struct FlagRule {
    pub(crate) flag: &'static str,
    pub(crate) key: &'static str,
    /// The value; empty: the flag's own.
    pub(crate) value: &'static str,
    /// Whether it is stronger than what whoever administers the machine has set.
    pub(crate) beats_managed: bool,
}

impl FlagRule {
    /// A flag whose value is the key's.
    pub(crate) const fn of(flag: &'static str, key: &'static str) -> Self {
        Self { flag, key, value: "", beats_managed: false }
    }

    /// A flag that stands for a value.
    pub(crate) const fn is(flag: &'static str, key: &'static str, value: &'static str) -> Self {
        Self { flag, key, value, beats_managed: false }
    }

    /// The same, stronger than managed settings.
    pub(crate) const fn above_all(self) -> Self {
        Self { beats_managed: true, ..self }
    }
}

/// The keys that stand for what session files tell.
#[derive(Debug)]
pub(crate) struct SessionKeys {
    pub(crate) permission_mode: &'static str,
    pub(crate) sandbox: Option<&'static str>,
    pub(crate) provider: Option<&'static str>,
    pub(crate) model: &'static str,
}

/// Whether a pattern of a key is of this key, given by its parts.
pub(crate) fn fits<'a>(pattern: &str, parts: impl Iterator<Item = &'a str> + Clone) -> bool {
    let mut parts = parts;
    let all = pattern.split('.').all(|wanted| {
        let part = parts.next();
        part.is_some_and(|part| wanted == "*" || wanted == part)
    });
    all && parts.next().is_none()
}
