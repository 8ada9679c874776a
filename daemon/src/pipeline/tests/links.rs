//! Which session was whose work.

use trackway_protocol::record::{Record, SessionLinked};

use super::*;

const CODEX: &str =
    "/h/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
pub(super) const A: &str = "11111111-2222-4333-8444-555555555555";
pub(super) const B: &str = "01980000-0000-7000-8000-000000000001";

pub(super) fn claude_s(session: &str) -> [(&str, &str); 2] {
    [("CLAUDE_CODE_CHILD_SESSION", "1"), ("CLAUDE_CODE_SESSION_ID", session)]
}

impl Ledger {
    /// Links as pid of the launch, session and how, in order of pid.
    fn links(&self) -> Vec<(u32, String, String)> {
        let mut links = Vec::new();
        for launch in self.launches() {
            for record in self.reader().records_of(launch.id).unwrap() {
                let record: Record = serde_json::from_slice(&record).unwrap();
                if let Body::SessionLinked(SessionLinked { session, how, .. }) = record.body {
                    links.push((launch.pid.unwrap(), session, how));
                }
            }
        }
        links
    }
}

fn by_environment(pid: u32, session: &str) -> (u32, String, String) {
    (pid, session.into(), "environment".into())
}

#[tokio::test]
async fn a_tool_call_names_its_session_once() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(11, "/usr/bin/bash").below(10).env(&claude_s(A)).exec(),
        process(12, "/usr/bin/bash").below(10).env(&claude_s(A)).exec(),
        process(13, "/usr/bin/bash").below(10).env(&claude_s("no uuid")).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A)]);
}

#[tokio::test]
async fn a_nested_agent_is_never_linked_to_the_outer_ones_session() {
    let ledger = Ledger::new();
    let outer = claude_s(A);
    let both = [outer[0], outer[1], ("CODEX_THREAD_ID", B)];
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(11, "/usr/bin/bash").below(10).env(&outer).exec(),
        process(12, CODEX).below(11).env(&outer).argv(&["codex", "exec", "x"]).exec(),
        process(13, "/usr/bin/git").below(12).env(&outer).exec(),
        process(14, "/usr/bin/bash").below(12).env(&both).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A), by_environment(12, B)]);
}

#[tokio::test]
async fn sessions_share_a_service() {
    let ledger = Ledger::new();
    let argv = ["codex", "app-server", "--listen", "unix://", "--managed-daemon"];
    let events = vec![
        process(10, CODEX).argv(&argv).exec(),
        process(11, "/usr/bin/bash").below(10).env(&[("CODEX_THREAD_ID", A)]).exec(),
        process(12, "/usr/bin/bash").below(10).env(&[("CODEX_THREAD_ID", B)]).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A), by_environment(10, B)]);
}
