//! A configuration as it is typed: which keys there are, and which kind of value each has.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::report::weekly;

/// The file as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Typed {
    pub(super) launches: TypedLaunches,
    pub(super) log: TypedLog,
    pub(super) ledger: TypedLedger,
    pub(super) checkpoint: TypedCheckpoint,
    pub(super) pause: TypedPause,
    pub(super) scope: TypedScope,
    pub(super) report: weekly::Typed,
    pub(super) agents: BTreeMap<String, TypedAgent>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedLaunches {
    pub(super) tier: Option<String>,
    pub(super) poll_interval: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedLog {
    pub(super) level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedLedger {
    pub(super) keep: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedCheckpoint {
    pub(super) every: Option<String>,
    #[serde(alias = "copy_to")]
    pub(super) copy_to: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedScope {
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedPause {
    pub(super) max: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedAgent {
    pub(super) programs: Vec<TypedProgram>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TypedProgram {
    pub(super) path: String,
    pub(super) role: Option<String>,
    pub(super) interpreter: Option<String>,
}
