//! A record's line as far as columns take something of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The envelope; texts are borrowed from the line where JSON escapes nothing in them.
#[derive(Deserialize)]
pub(super) struct Envelope<'l> {
    pub(super) seq: u64,
    #[serde(borrow)]
    pub(super) id: Cow<'l, str>,
    #[serde(borrow)]
    pub(super) at: Cow<'l, str>,
    #[serde(borrow)]
    pub(super) recorded_at: Cow<'l, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'l, str>,
    #[serde(borrow)]
    pub(super) evidence: Cow<'l, str>,
    #[serde(borrow, default)]
    pub(super) replaces: Option<Cow<'l, str>>,
    #[serde(borrow)]
    pub(super) body: &'l RawValue,
}

/// What bodies of any kind may have. A value is taken as it is: a newer daemon may put another type
/// there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Facts<'l> {
    #[serde(borrow)]
    pub(super) launch: Value<'l>,
    #[serde(borrow)]
    pub(super) session: Value<'l>,
    #[serde(borrow)]
    pub(super) agent: Value<'l>,
    #[serde(borrow)]
    pub(super) agent_version: Value<'l>,
    #[serde(borrow)]
    pub(super) mode: Value<'l>,
    #[serde(borrow)]
    pub(super) flags: Value<'l>,
    #[serde(borrow)]
    pub(super) endpoint: Value<'l>,
    #[serde(borrow)]
    pub(super) namespace: Value<'l>,
    #[serde(borrow)]
    pub(super) path: Value<'l>,
    #[serde(borrow)]
    pub(super) dir: Value<'l>,
    #[serde(borrow)]
    pub(super) cwd: Value<'l>,
    #[serde(borrow)]
    pub(super) how: Value<'l>,
    #[serde(borrow)]
    pub(super) repo: Value<'l>,
    #[serde(borrow)]
    pub(super) pid: Value<'l>,
    #[serde(borrow)]
    pub(super) exit_code: Value<'l>,
    #[serde(borrow)]
    pub(super) signal: Value<'l>,
    #[serde(borrow)]
    pub(super) duration_ms: Value<'l>,
    #[serde(borrow)]
    pub(super) unread_execs: Value<'l>,
    #[serde(borrow)]
    pub(super) source: Value<'l>,
    #[serde(borrow)]
    pub(super) state: Value<'l>,
    #[serde(borrow)]
    pub(super) from: Value<'l>,
    #[serde(borrow)]
    pub(super) until: Value<'l>,
    #[serde(borrow)]
    pub(super) reason: Value<'l>,
    #[serde(borrow)]
    pub(super) missed: Value<'l>,
    #[serde(borrow)]
    pub(super) unit: Value<'l>,
    #[serde(borrow)]
    pub(super) version: Value<'l>,
    #[serde(borrow)]
    pub(super) subagent: Value<'l>,
    #[serde(borrow)]
    pub(super) parent_session: Value<'l>,
    #[serde(borrow)]
    pub(super) model: Value<'l>,
    #[serde(borrow)]
    pub(super) permission_mode: Value<'l>,
    #[serde(borrow)]
    pub(super) approval_policy: Value<'l>,
    #[serde(borrow)]
    pub(super) sandbox: Value<'l>,
    #[serde(borrow)]
    pub(super) provider: Value<'l>,
    #[serde(borrow)]
    pub(super) transcript: Value<'l>,
    #[serde(borrow)]
    pub(super) shell_calls: Value<'l>,
    #[serde(borrow)]
    pub(super) unresolved_calls: Value<'l>,
    #[serde(borrow)]
    pub(super) tool: Value<'l>,
    #[serde(borrow)]
    pub(super) outcome: Value<'l>,
    #[serde(borrow)]
    pub(super) lines_added: Value<'l>,
    #[serde(borrow)]
    pub(super) lines_removed: Value<'l>,
    #[serde(borrow)]
    pub(super) response_id: Value<'l>,
    #[serde(borrow)]
    pub(super) retracted: Value<'l>,
    #[serde(borrow)]
    pub(super) tokens: Value<'l>,
    #[serde(borrow)]
    pub(super) scope: Value<'l>,
    #[serde(borrow)]
    pub(super) file: Value<'l>,
    #[serde(borrow)]
    pub(super) found: Value<'l>,
    #[serde(borrow)]
    pub(super) unreadable: Value<'l>,
    #[serde(borrow)]
    pub(super) modified_at: Value<'l>,
    #[serde(borrow)]
    pub(super) size: Value<'l>,
    #[serde(borrow)]
    pub(super) before_sha256: Value<'l>,
    #[serde(borrow)]
    pub(super) after_sha256: Value<'l>,
    #[serde(borrow)]
    pub(super) changes: Value<'l>,
    #[serde(borrow)]
    pub(super) left_out: Value<'l>,
    #[serde(borrow)]
    pub(super) severity: Value<'l>,
    #[serde(borrow)]
    pub(super) layout: Value<'l>,
    #[serde(borrow)]
    pub(super) exe: Value<'l>,
    #[serde(borrow)]
    pub(super) argv: Value<'l>,
    #[serde(borrow)]
    pub(super) env: Value<'l>,
    #[serde(borrow)]
    pub(super) home: Value<'l>,
    #[serde(borrow)]
    pub(super) tty: Value<'l>,
    #[serde(borrow)]
    pub(super) launcher: Value<'l>,
    #[serde(borrow)]
    pub(super) parent_launch: Value<'l>,
    #[serde(borrow)]
    pub(super) found_running: Value<'l>,
    #[serde(borrow)]
    pub(super) last_seen: Value<'l>,
    #[serde(borrow)]
    pub(super) host: Value<'l>,
    #[serde(borrow)]
    pub(super) unnamed: Value<'l>,
    #[serde(borrow)]
    pub(super) descent: Value<'l>,
    #[serde(borrow)]
    pub(super) continued_in: Value<'l>,
    #[serde(borrow)]
    pub(super) entrypoint: Value<'l>,
    #[serde(borrow)]
    pub(super) trace: Value<'l>,
    #[serde(borrow)]
    pub(super) transcript_gone: Value<'l>,
    #[serde(borrow)]
    pub(super) repo_unknown: Value<'l>,
    #[serde(borrow)]
    pub(super) path_as_told: Value<'l>,
    #[serde(borrow)]
    pub(super) changed: Value<'l>,
    #[serde(borrow)]
    pub(super) what: Value<'l>,
    #[serde(borrow)]
    pub(super) id: Value<'l>,
    #[serde(borrow)]
    pub(super) number: Value<'l>,
    #[serde(borrow)]
    pub(super) code: Value<'l>,
    #[serde(borrow)]
    pub(super) since: Value<'l>,
    #[serde(borrow)]
    pub(super) why: Value<'l>,
    #[serde(borrow)]
    pub(super) risk: Value<'l>,
    #[serde(borrow)]
    pub(super) policy: Value<'l>,
    #[serde(borrow)]
    pub(super) before: Value<'l>,
    #[serde(borrow)]
    pub(super) from_seq: Value<'l>,
    #[serde(borrow)]
    pub(super) until_seq: Value<'l>,
    #[serde(borrow)]
    pub(super) count: Value<'l>,
    #[serde(borrow)]
    pub(super) zone: Value<'l>,
    #[serde(borrow)]
    pub(super) managed: Value<'l>,
    #[serde(borrow)]
    pub(super) pattern: Value<'l>,
    #[serde(borrow)]
    pub(super) rule: Value<'l>,
    #[serde(borrow)]
    pub(super) told_by: Value<'l>,
    #[serde(borrow)]
    pub(super) entry: Value<'l>,
    #[serde(borrow)]
    pub(super) note: Value<'l>,
}

pub(super) type Value<'l> = Option<&'l RawValue>;

/// The parts of objects within a body that have columns of their own.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parts<'l> {
    #[serde(borrow)]
    pub(super) root: Value<'l>,
    #[serde(borrow)]
    pub(super) remote: Value<'l>,
    #[serde(borrow)]
    pub(super) branch: Value<'l>,
    #[serde(borrow)]
    pub(super) commit: Value<'l>,
    #[serde(borrow)]
    pub(super) main: Value<'l>,
    #[serde(borrow)]
    pub(super) upstream: Value<'l>,
    #[serde(borrow)]
    pub(super) host: Value<'l>,
    #[serde(borrow)]
    pub(super) name: Value<'l>,
    #[serde(borrow)]
    pub(super) input: Value<'l>,
    #[serde(borrow)]
    pub(super) cache_read: Value<'l>,
    #[serde(borrow)]
    pub(super) cache_write_5m: Value<'l>,
    #[serde(borrow)]
    pub(super) cache_write_1h: Value<'l>,
    #[serde(borrow)]
    pub(super) output: Value<'l>,
    #[serde(borrow)]
    pub(super) reasoning: Value<'l>,
}

/// What one change of a setting adds to the columns of all changes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Change<'l> {
    #[serde(borrow)]
    pub(super) key: Value<'l>,
    #[serde(borrow)]
    pub(super) risk: Value<'l>,
}
