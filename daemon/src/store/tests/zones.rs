//! Entries into zones: concluded, counted, acknowledged, and what a check says.

use std::path::Path;

use trackway_protocol::message::Filter;
use trackway_protocol::record::{
    Body, DirTouched, Evidence, FileAccessed, Repo, Risk, Session, ZoneAcknowledged,
};
use trackway_protocol::row::{ZoneEntryRow, ZoneTouchRow};

use super::super::query::{Asked, Wanted};
use super::super::{Draft, Reader, rebuild};
use super::support::{Fixture, at, daemon_started, draft, id, started, touched, touched_in};
use crate::zones::{InForce, Rules, Zones};

fn rules(text: &str) -> Rules {
    Rules::parse(text, Some(Path::new("/home/u")), &|_| None).unwrap()
}

/// A zone with this name and these keys.
fn zone(name: &str, keys: &str) -> String {
    format!("[[zone]]\nname = \"{name}\"\n{keys}\n")
}

fn of_user(text: &str) -> Zones {
    Zones::of(Rules::default(), rules(text))
}

fn acme(root: &str) -> Option<Repo> {
    let remote = Some("git@git.example.com:acme/llama-7.git".to_owned());
    Some(Repo { root: root.into(), remote, ..Repo::default() })
}

fn read(ms: i64, session: &str, path: &str, repo: Option<Repo>) -> Draft {
    let body = FileAccessed {
        launch: None,
        session: Some(session.into()),
        subagent: None,
        agent: "codex".into(),
        path: path.into(),
        path_as_told: None,
        repo,
        repo_unknown: None,
        how: "read".into(),
        tool: "Read".into(),
        changed: false,
        outcome: None,
        lines_added: None,
        lines_removed: None,
    };
    Draft { evidence: Evidence::Transcript, ..draft(ms, Body::FileAccessed(Box::new(body))) }
}

fn entries(reader: &Reader) -> Vec<ZoneEntryRow> {
    let mut rows = reader.entries(&Filter::default(), &Wanted::default()).unwrap().rows;
    rows.sort_by_key(|row| row.seq);
    rows
}

/// What is told of each entry in short.
fn told(reader: &Reader) -> Vec<String> {
    let short = |row: &ZoneEntryRow| {
        let agent = row.agent.as_deref().unwrap_or("?");
        format!("{}: {agent} {} {} x{}", row.zone, row.how, row.path, row.touches)
    };
    entries(reader).iter().map(short).collect()
}

#[test]
fn a_zone_is_entered_once_for_each_way_and_further_touches_are_counted() {
    let zones = of_user(&zone("a", "paths = [\"/src/1\"]\nseverity = \"high\""));
    let fixture = Fixture::judged(
        zones,
        vec![
            started(0, 1, "claude"),
            touched(0, 1, "/src/1", "launch"),
            touched(1, 1, "/src/1/deep", "command"),
            touched(2, 1, "/src/10", "command"),
            touched(3, 1, "/src/1", "helper"),
            read(4, "s", "/src/1/f", None),
        ],
    );
    // The transaction before does not matter, nor does that a backfilled touch was earlier.
    let fixture =
        fixture.and(vec![touched(900, 1, "/src/1", "command"), read(-5, "s", "/src/1/g", None)]);
    let expected = [
        "a: claude launch /src/1 x1",
        "a: claude command /src/1/deep x2",
        "a: codex read /src/1/f x2",
    ];
    assert_eq!(told(&fixture.reader), expected);
    let rows = entries(&fixture.reader);
    assert_eq!(rows.iter().map(|row| row.severity).collect::<Vec<_>>(), [Risk::High; 3]);
    assert_eq!((rows[1].at, rows[1].last_at, rows[1].launch), (at(1), at(900), Some(id(1))));
    assert_eq!(
        (rows[2].at, rows[2].last_at, rows[2].evidence),
        (at(-5), at(4), Evidence::Transcript)
    );
    assert_eq!(rows[2].session.as_deref(), Some("s"));
}

#[test]
fn the_agent_of_a_session_is_known_by_what_was_said_of_it() {
    let session = Session { session: "s".into(), agent: "codex".into(), ..Session::default() };
    let in_dir = |ms, dir: &str| {
        let body = DirTouched {
            launch: None,
            session: Some("s".into()),
            agent: None,
            dir: dir.into(),
            dir_b64: None,
            repo: None,
            repo_unknown: None,
            how: "command".into(),
        };
        draft(ms, Body::DirTouched(body))
    };
    let keys = "paths = [\"/a\"]\nagents = [\"claude\"]";
    let fixture = Fixture::judged(
        of_user(&(zone("claude-only", keys) + &zone("all", "paths = [\"/\"]"))),
        vec![draft(0, Body::SessionStarted(Box::new(session))), in_dir(1, "/a/b")],
    );
    assert_eq!(told(&fixture.reader), ["all: codex command /a/b x1"]);
}

#[test]
fn the_users_rules_take_nothing_from_the_machines() {
    let machine = rules(&zone("m", "paths = [\"/src\"]\nseverity = \"high\""));
    let user =
        rules(&zone("m", "paths = [\"/src/1/x\"]\nseverity = \"low\"\ntouches = [\"write\"]"));
    let fixture = Fixture::judged(
        Zones::of(machine, user),
        vec![
            started(0, 1, "claude"),
            touched(0, 1, "/src/1/x", "write"),
            touched(0, 1, "/src/1/x", "launch"),
        ],
    );
    let entries = entries(&fixture.reader);
    let of = |managed| entries.iter().filter(move |row| row.managed == managed).count();
    assert_eq!((of(true), of(false)), (2, 1));
}

#[test]
fn an_entry_follows_its_touch_in_the_ledger_and_a_rebuild_keeps_all_of_it() {
    let zones = of_user(&zone("r", "remotes = [\"git.example.com/acme/llama-*\"]"));
    let drafts = vec![
        daemon_started(0, "boot"),
        started(0, 1, "claude"),
        touched_in(1, 1, "/w", "launch", acme("/w")),
        touched_in(2, 1, "/w/d", "launch", acme("/w")),
    ];
    let fixture = Fixture::judged(zones, drafts);
    let row = entries(&fixture.reader).remove(0);
    assert_eq!((row.seq, row.touches, &row.pattern[..]), (4, 2, "git.example.com/acme/llama-*"));
    assert_eq!(row.repo, acme("/w"));
    let Fixture { dir, reader, ledger } = fixture;
    drop(ledger);
    rebuild(dir.path()).unwrap();
    assert_eq!(entries(&reader), [row]);
}

#[test]
fn what_is_acknowledged_is_open_no_more() {
    let zones = of_user(&zone("a", "paths = [\"/src\"]"));
    let fixture =
        Fixture::judged(zones, vec![started(0, 1, "claude"), touched(0, 1, "/src/1", "launch")]);
    let entry = entries(&fixture.reader).remove(0);
    assert_eq!(fixture.reader.open_entries().unwrap().open, 1);
    let ack = |ms, note: &str| {
        let note = Some(note.to_owned());
        let body = ZoneAcknowledged { entry: entry.id, zone: "a".into(), note };
        draft(ms, Body::ZoneAcknowledged(body))
    };
    let fixture = fixture.and(vec![ack(9, "late"), ack(5, "early")]);
    let status = fixture.reader.open_entries().unwrap();
    assert_eq!((status.open, status.worst), (0, Risk::None));
    let row = entries(&fixture.reader).remove(0);
    assert_eq!((row.acknowledged_at, row.note.as_deref()), (Some(at(9)), Some("late")));
    let open = Wanted { open: true, ..Wanted::default() };
    assert!(fixture.reader.entries(&Filter::default(), &open).unwrap().rows.is_empty());
}

#[test]
fn entries_are_narrowed_by_every_filter() {
    let text =
        zone("a", "paths = [\"/src\"]") + &zone("b", "paths = [\"/data\"]\nseverity = \"low\"");
    let fixture = Fixture::judged(
        of_user(&text),
        vec![
            started(0, 1, "claude"),
            touched_in(10, 1, "/src/1", "launch", acme("/src/1")),
            read(20, "sess", "/data/f", None),
        ],
    );
    let zones = |filter: Filter| {
        let rows = fixture.reader.entries(&filter, &Wanted::default()).unwrap().rows;
        rows.into_iter().map(|row| row.zone).collect::<Vec<_>>().concat()
    };
    assert_eq!(zones(Filter::default()), "ba");
    assert_eq!(zones(Filter { limit: Some(1), ..Filter::default() }), "b");
    assert_eq!(zones(Filter { agent: Some("claude".into()), ..Filter::default() }), "a");
    assert_eq!(zones(Filter { dir: Some("/data".into()), ..Filter::default() }), "b");
    assert_eq!(zones(Filter { repo: Some("/src/1".into()), ..Filter::default() }), "a");
    assert_eq!(zones(Filter { how: Some("read".into()), ..Filter::default() }), "b");
    assert_eq!(zones(Filter { session: Some("SESS".into()), ..Filter::default() }), "b");
    assert_eq!(zones(Filter { launch: Some(id(1).to_string()), ..Filter::default() }), "a");
    assert_eq!(zones(Filter { risk: Some(Risk::Medium), ..Filter::default() }), "a");
    assert_eq!(zones(Filter { since_ms: Some(at(15).ms()), ..Filter::default() }), "b");
    assert_eq!(zones(Filter { until_ms: Some(at(15).ms()), ..Filter::default() }), "a");
    let of = Wanted { zone: Some("a".into()), ..Wanted::default() };
    assert_eq!(fixture.reader.entries(&Filter::default(), &of).unwrap().rows.len(), 1);
}

fn check(reader: &Reader, rules: &str, places: &[&str]) -> Vec<ZoneTouchRow> {
    let asked =
        places.iter().map(|place| Asked { place: (*place).into(), repo: None, is_known: true });
    let asked: Vec<Asked> = asked.collect();
    let in_force = InForce { user: std::sync::Arc::new(self::rules(rules)), ..InForce::default() };
    reader.check(&in_force, (&asked, &Filter::default()), at(1000)).unwrap().touches
}

#[test]
fn a_check_tells_of_touches_from_before_the_rule() {
    let drafts = vec![
        started(0, 1, "claude"),
        touched_in(1, 1, "/w/deep", "command", acme("/w")),
        touched(2, 1, "/other", "command"),
        read(3, "s", "/w/f", acme("/w")),
    ];
    let fixture = Fixture::with(drafts);
    let rule =
        zone("r", "remotes = [\"git.example.com/acme/*\"]\ntouches = [\"command\", \"read\"]");
    let hows = |places: &[&str]| {
        let rows = check(&fixture.reader, &rule, places);
        assert!(rows.iter().all(|row| row.entry.is_none() && row.zone == "r"));
        rows.into_iter().map(|row| row.how).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(hows(&[]), "read command");
    assert_eq!(hows(&["/w"]), "read command");
    assert_eq!(hows(&["/w/deep"]), "command");
    assert_eq!(hows(&["/w/f"]), "read");
    assert_eq!(hows(&["https://git.example.com/acme/llama-7"]), "read command");
    assert_eq!(hows(&["/other"]), "");
    assert!(check(&fixture.reader, &zone("p", "paths = [\"/none\"]"), &[]).is_empty());
}

#[test]
fn a_check_names_the_entry_and_what_is_not_known() {
    let text = zone("a", "paths = [\"/src\"]") + &zone("r", "remotes = [\"h.example/x\"]");
    let mut unknown = touched(5, 1, "/nfs/x", "command");
    if let Body::DirTouched(body) = &mut unknown.body {
        body.repo_unknown = Some("timed out".into());
    }
    let drafts = vec![
        daemon_started(0, "boot"),
        started(0, 1, "claude"),
        touched(1, 1, "/src/1", "launch"),
        unknown,
    ];
    let fixture = Fixture::judged(of_user(&text), drafts);
    let in_force = InForce { user: std::sync::Arc::new(rules(&text)), ..InForce::default() };
    let asked = [Asked { place: "/elsewhere".into(), repo: None, is_known: true }];
    let ask = |asked: &[Asked]| {
        fixture.reader.check(&in_force, (asked, &Filter::default()), at(1000)).unwrap()
    };
    let all = ask(&[]);
    assert_eq!(all.touches[0].entry, Some(entries(&fixture.reader)[0].seq));
    assert_eq!((all.checked.zones, all.checked.unknown_repos), (2, 1));
    assert_eq!(ask(&asked).checked.outside, ["/elsewhere"]);
    assert!(ask(&asked).touches.is_empty());
}

#[test]
fn zones_are_listed_with_where_they_apply_and_what_is_left_of_others() {
    let text = zone("a", "paths = [\"/src\"]") + &zone("inner", "paths = [\"/src/1/in\"]");
    let fixture = Fixture::judged(
        of_user(&text),
        vec![
            started(0, 1, "claude"),
            touched(1, 1, "/src/1", "launch"),
            touched(2, 1, "/src/1/b", "launch"),
            touched(3, 1, "/src/1/in/x", "launch"),
        ],
    );
    let in_force = InForce {
        user: std::sync::Arc::new(rules(&zone("a", "paths = [\"/src\"]"))),
        ..InForce::default()
    };
    let rows = fixture.reader.zones(&in_force).unwrap();
    let short: Vec<_> = rows.iter().map(|row| (&row.zone[..], row.in_force, row.entries)).collect();
    assert_eq!(short, [("a", true, 1), ("inner", false, 1)]);
    assert_eq!(rows[0].places, ["/src/1"]);
}
