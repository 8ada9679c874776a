//! Records of every kind, as they come.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::{collection, option};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{
    Body, ConfigChange, ConfigChanged, Coverage, DaemonRun, DirTouched, Endpoint, Evidence,
    FileAccessed, Finding, Launch, LaunchEnded, LeftOut, Repo, Risk, Session, SessionLinked,
    SessionMade, Tokens, Usage,
};

use super::super::super::Draft;
use super::super::support::{at, id};

pub(super) fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn words(known: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    collection::vec(word(known), 0..3)
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    use Evidence::{Config, Inferred, Kernel, Polled, Registry, Transcript};
    select(&[Config, Inferred, Kernel, Polled, Registry, Transcript])
}

fn any_repo() -> impl Strategy<Value = Repo> {
    let remote = option::of(word(&["https://h/a.git", "git@h:b"]));
    (word(&["/src/a", "/src/b"]), remote, option::of(word(&["main", "other"])))
        .prop_map(|(root, remote, branch)| Repo { root, remote, branch, ..Repo::default() })
}

fn any_launch() -> impl Strategy<Value = Launch> {
    let cwd = option::of((word(&["/src/a", "/src/b/c"]), option::of(word(&["L3NyYw=="]))));
    let repo = (option::of(any_repo()), option::of(word(&["timeout", "permission"])));
    let kind = (option::of(word(&["claude", "codex"])), option::of(word(&["interactive"])));
    let said = (kind, option::of(any::<u32>()), cwd, repo);
    let endpoint = (word(&["h:1", "bedrock"]), word(&["env", "config"]));
    let endpoint = endpoint.prop_map(|(host, how)| Endpoint { host, how });
    let lists = (option::of(words(&["--x", "--y=1"])), option::of(words(&["CODEX_HOME"])));
    let texts = (option::of(word(&["1.0", "2.0"])), option::of(word(&["/bin/a", "/bin/b"])));
    let more = (option::of(endpoint), lists, texts, option::of((0..4_u64).prop_map(id)));
    (0..4_u64, said, more).prop_map(|(number, said, more)| {
        let ((agent, mode), pid, cwd, (repo, repo_unknown)) = said;
        let (endpoint, (flags, env), (agent_version, exe), parent_launch) = more;
        let (cwd, cwd_b64) = cwd.unzip();
        let launch = id(number);
        Launch {
            launch,
            agent,
            mode,
            pid,
            cwd,
            cwd_b64: cwd_b64.flatten(),
            repo,
            repo_unknown,
            endpoint,
            argv: flags.clone(),
            flags,
            env,
            agent_version,
            exe,
            parent_launch,
            ..Launch::default()
        }
    })
}

fn any_end() -> impl Strategy<Value = LaunchEnded> {
    let how = (option::of(any::<i32>()), option::of(1..65_i32), any::<bool>());
    (0..4_u64, how, option::of(any::<u64>()), any::<u64>()).prop_map(
        |(number, (exit_code, signal, unknown), duration_ms, unread_execs)| LaunchEnded {
            launch: id(number),
            exit_code,
            signal,
            unknown,
            duration_ms,
            last_seen: None,
            unread_execs,
        },
    )
}

fn any_touch() -> impl Strategy<Value = DirTouched> {
    let who = (option::of((0..4_u64).prop_map(id)), option::of(word(&["s1", "s2"])));
    let dir =
        (word(&["/src/a", "/src/a/x", "/src/b", "/tmp/\u{fffd}"]), option::of(word(&["L3Q="])));
    let repo = (option::of(any_repo()), option::of(word(&["timeout"])));
    (who, dir, repo, word(&["launch", "command", "helper"])).prop_map(
        |((launch, session), (dir, dir_b64), (repo, repo_unknown), how)| DirTouched {
            launch,
            session,
            agent: None,
            dir,
            dir_b64,
            repo,
            repo_unknown,
            how,
        },
    )
}

/// Two agents, of which each has a session with the other's id.
fn any_session_name() -> impl Strategy<Value = (String, String)> {
    (word(&["s1", "s2"]), word(&["claude", "codex"]))
}

fn any_session() -> impl Strategy<Value = Session> {
    let place = (option::of(word(&["/src/a", "/tmp"])), option::of(any_repo()));
    let said = (option::of(word(&["plan", "default"])), option::of(word(&["/t/1", "/t/2"])));
    let left_out = (option::of(any::<u64>()), option::of(0..9_u64))
        .prop_map(|(ignored, dirs)| LeftOut { ignored, untold: dirs, unwatched_dirs: dirs });
    let calls = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(left_out));
    let of = (any_session_name(), option::weighted(0.2, word(&["sub"])), any::<bool>());
    let kin = (option::of(word(&["s1", "s2", "s3"])), option::of(word(&["fork", "subagent"])));
    let more = (kin, option::of(word(&["m1", "m2"])), any::<bool>(), option::of(word(&["1.0"])));
    (of, place, option::of(word(&["timeout"])), said, calls, more).prop_map(
        |(
            ((session, agent), subagent, transcript_gone),
            (cwd, repo),
            repo_unknown,
            said,
            calls,
            ((parent_session, descent), model, trace, agent_version),
        )| {
            Session {
                session,
                agent,
                subagent,
                cwd,
                repo,
                repo_unknown,
                permission_mode: said.0,
                transcript: said.1,
                transcript_gone,
                shell_calls: calls.0,
                unresolved_calls: calls.1,
                left_out: calls.2,
                continued_in: parent_session.clone(),
                parent_session,
                descent,
                sandbox: model.clone(),
                model,
                trace,
                agent_version,
                ..Session::default()
            }
        },
    )
}

fn any_link() -> impl Strategy<Value = SessionLinked> {
    (any_session_name(), 0..4_u64, word(&["environment", "place-and-time"])).prop_map(
        |((session, agent), number, how)| SessionLinked { session, agent, launch: id(number), how },
    )
}

fn any_access() -> impl Strategy<Value = FileAccessed> {
    let who = (option::of((0..4_u64).prop_map(id)), option::of(word(&["s1", "s2"])));
    let what = (word(&["claude", "codex"]), word(&["/src/a/f", "/tmp/g"]));
    let how = (word(&["read", "write"]), word(&["Edit", "Bash"]), option::of(word(&["failed"])));
    let lines = (option::of(any::<u64>()), option::of(0..9_u64));
    let repo = (option::of(any_repo()), option::of(word(&["timeout"])));
    (who, what, how, lines, (repo, any::<bool>())).prop_map(
        |(who, (agent, path), (how, tool, outcome), lines, (repo, changed))| FileAccessed {
            launch: who.0,
            session: who.1,
            subagent: None,
            agent,
            path,
            path_as_told: None,
            repo: repo.0,
            repo_unknown: repo.1,
            how,
            tool,
            changed,
            outcome,
            lines_added: lines.0,
            lines_removed: lines.1,
        },
    )
}

fn any_made() -> impl Strategy<Value = SessionMade> {
    (any_session_name(), word(&["commit", "push"]), option::of(any_repo())).prop_map(
        |((session, agent), what, repo)| SessionMade {
            session,
            agent,
            what,
            id: "1b32344".into(),
            repo,
            ..SessionMade::default()
        },
    )
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let tokens = (option::of(any::<u64>()), 0..3_u64).prop_map(|(input, output)| Tokens {
        input: input.unwrap_or(7),
        output,
        ..Tokens::default()
    });
    let of = (any_session_name(), word(&["k1", "k2"]), option::of(word(&["m1", "m2"])));
    (of, proptest::bool::weighted(0.1), tokens).prop_map(
        |(((session, agent), key, model), retracted, tokens)| Usage {
            session,
            subagent: None,
            agent,
            model,
            response_id: None,
            key,
            retracted,
            tokens,
        },
    )
}

fn any_coverage() -> impl Strategy<Value = Coverage> {
    let state = word(&["active", "degraded", "lost", "restored", "off"]);
    let counts = (option::of(any::<u64>()), option::of(any::<u64>()));
    (word(&["proc-connector", "poll"]), state, 0..9_i64, option::of(0..9_i64), counts).prop_map(
        |(source, state, from, until, (missed, unnamed))| Coverage {
            source,
            state,
            from: at(from),
            until: until.map(at),
            missed,
            unnamed,
            ..Coverage::default()
        },
    )
}

fn any_config() -> impl Strategy<Value = ConfigChanged> {
    let change = (word(&["model", "hooks.Stop"]), word(&["set", "unset"]), option::of(0..3_i32));
    let change = change.prop_map(|(key, what, after)| ConfigChange {
        key,
        what,
        after: after.map(Into::into),
        risk: Risk::Low,
        ..ConfigChange::default()
    });
    let changes = proptest::collection::vec(change, 0..3);
    let of = (word(&["claude", "codex"]), word(&["/c/1", "/c/2"]), word(&["user", "project"]));
    let seen = (any::<bool>(), option::of(0..9_i64), option::of(any_repo()));
    (of, seen, changes).prop_map(|((agent, path, scope), (found, modified, repo), changes)| {
        ConfigChanged {
            agent,
            path,
            scope,
            found,
            modified_at: modified.map(at),
            repo,
            changes,
            ..ConfigChanged::default()
        }
    })
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let launch = option::of((0..3_u64).prop_map(id));
    let of = (word(&["hooks-off", "transcripts-off"]), launch, option::of(word(&["s", "t"])));
    (of, 0..3_i64, word(&["a", "b"])).prop_map(|((code, launch, session), since, why)| Finding {
        agent: "claude".into(),
        code,
        launch,
        session,
        since: at(since),
        risk: Risk::Low,
        why,
        ..Finding::default()
    })
}

fn any_body() -> impl Strategy<Value = Body> {
    let run = || {
        word(&["boot", "toob"]).prop_map(|boot_id| DaemonRun { boot_id, ..DaemonRun::default() })
    };
    let json = || serde_json::value::RawValue::from_string("{}".into()).unwrap();
    prop_oneof![
        2 => any_launch().prop_map(|it| Body::LaunchStarted(Box::new(it))),
        2 => any_launch().prop_map(|it| Body::LaunchUpdated(Box::new(it))),
        2 => any_end().prop_map(Body::LaunchEnded),
        4 => any_touch().prop_map(Body::DirTouched),
        2 => any_session().prop_map(|it| Body::SessionStarted(Box::new(it))),
        2 => any_session().prop_map(|it| Body::SessionUpdated(Box::new(it))),
        2 => any_link().prop_map(Body::SessionLinked),
        2 => any_access().prop_map(|it| Body::FileAccessed(Box::new(it))),
        1 => any_made().prop_map(|it| Body::SessionMade(Box::new(it))),
        3 => any_usage().prop_map(|it| Body::Usage(Box::new(it))),
        1 => any_coverage().prop_map(Body::Coverage),
        1 => any_config().prop_map(|it| Body::ConfigChanged(Box::new(it))),
        1 => any_finding().prop_map(|it| Body::Finding(Box::new(it))),
        1 => run().prop_map(Body::DaemonStarted),
        1 => run().prop_map(Body::DaemonStopped),
        1 => word(&["weather.changed"]).prop_map(move |kind| Body::Other { kind, json: json() }),
    ]
}

pub(in super::super) fn any_draft() -> impl Strategy<Value = Draft> {
    // Few times, so that they collide, on both sides of quarter-hours and of the epoch's minute 0.
    // And in several days, of which the last is in another week.
    const DAY: i64 = 86_400_000;
    let times = select(&[-1, 0, 1, 899_999, 900_000, 900_001, DAY, DAY + 1, 2 * DAY, 9 * DAY]);
    (times, any_evidence(), any_body()).prop_map(|(ms, evidence, body)| Draft {
        at: at(ms),
        evidence,
        replaces: None,
        body,
    })
}

/// A time at which a range may begin or end.
pub(super) fn any_edge() -> impl Strategy<Value = Timestamp> {
    const DAY: i64 = 86_400_000;
    let day = select(&[-DAY / 2, 0, 1, 900_000, DAY / 2, DAY, DAY + 1, 3 * DAY / 2, 7 * DAY]);
    day.prop_map(at)
}

/// Makes a session's touch one of a launch.
pub(super) fn of_a_launch(mut draft: Draft) -> Draft {
    if let Body::DirTouched(touched) = &mut draft.body {
        (touched.launch, touched.session) = (touched.launch.or(Some(id(0))), None);
    }
    draft
}
