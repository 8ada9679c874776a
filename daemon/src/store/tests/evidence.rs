//! Sealing, pruning, and what a verification says of both.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{Note, Verdict, Verification};
use trackway_protocol::message::Filter;
use trackway_protocol::record::Body;

use super::super::append::Append as _;
use super::super::{Plan, Question, What, log};
use super::support::{
    Fixture, T0, coverage, daemon_started, id, repo, started, touched, touched_in,
};

fn verify(fixture: &Fixture) -> Verification {
    fixture.reader.verify(&Question::default()).unwrap()
}

fn pruned(fixture: &mut Fixture, what: &What) -> u64 {
    let plan = fixture.reader.plan(what, "prune").unwrap();
    fixture.ledger.prune(&plan, &mut || ()).unwrap().0
}

fn three() -> Fixture {
    Fixture::with(vec![
        daemon_started(0, "b"),
        started(0, 1, "claude"),
        touched(1000, 1, "/old", "launch"),
        coverage("launches", "lost", 2000, Some(3000)),
        started(10_000, 2, "codex"),
    ])
}

#[test]
fn what_is_sealed_is_ok_and_what_comes_later_is_not_sealed() {
    let mut fixture = three();
    assert_eq!(verify(&fixture).verdict, Verdict::UnsealedTail);
    let sealed = fixture.ledger.seal().unwrap();
    assert_eq!((sealed.size, sealed.checkpoint().unwrap().size), (5, 5));
    assert_eq!(verify(&fixture).verdict, Verdict::Ok);
    let fixture = fixture.and(vec![started(20_000, 3, "codex")]);
    let found = verify(&fixture);
    assert_eq!((found.verdict, found.sealed, found.records), (Verdict::UnsealedTail, 5, 6));
}

#[test]
fn of_checkpoints_of_an_idle_ledger_the_first_and_the_newest_are_kept() {
    let mut fixture = three();
    let first = fixture.ledger.seal().unwrap();
    for _ in 0..5 {
        // Two in one millisecond are one.
        std::thread::sleep(std::time::Duration::from_millis(2));
        fixture.ledger.seal().unwrap();
    }
    let kept = log::checkpoints(fixture.ledger.connection()).unwrap();
    let [oldest, newest] = &kept[..] else { panic!("two, and not {kept:?}") };
    assert_eq!(*oldest, first);
    assert!(newest.at > first.at);
    assert_eq!(verify(&fixture).checkpoints, 2);
}

#[test]
fn a_tree_that_is_lost_is_made_of_the_leaves_again() {
    let mut fixture = three();
    let root = fixture.ledger.seal().unwrap().checkpoint().unwrap().root;
    let again = || log::load_tree(fixture.ledger.connection()).unwrap().root();
    for sql in ["UPDATE tree SET nodes = x'00'", "UPDATE tree SET size = 3", "DELETE FROM tree"] {
        fixture.ledger.connection().execute_batch(sql).unwrap();
        assert_eq!(again(), Some(root), "{sql}");
    }
}

#[test]
fn pruning_takes_what_is_old_and_leaves_what_tells_of_the_recorder() {
    let mut fixture = three();
    fixture.ledger.seal().unwrap();
    let before = What::Before(Timestamp::from_ms(T0 + 5000));
    assert_eq!(pruned(&mut fixture, &before), 2);
    assert_eq!(pruned(&mut fixture, &before), 0, "once");
    fixture.ledger.seal().unwrap();
    let found = verify(&fixture);
    assert_eq!((found.verdict, found.pruned, found.records), (Verdict::Pruned, 2, 6));

    let launches = fixture.reader.launches(&Filter::default()).unwrap().rows;
    assert_eq!(launches.iter().map(|row| row.id).collect::<Vec<_>>(), [id(2)]);
    assert!(fixture.reader.dirs(&Filter::default()).unwrap().rows.is_empty());
    assert_eq!(fixture.reader.gaps(&Filter::default()).unwrap().rows.len(), 1);
    let oldest = fixture.reader.oldest().unwrap();
    assert_eq!(oldest, Some(Timestamp::from_ms(T0 + 10_000)));
}

#[test]
fn what_is_pruned_in_slices_is_accounted_for() {
    let drafts = (0..9).map(|number| started(number * 1000, number.unsigned_abs(), "claude"));
    let mut fixture = Fixture::with(drafts.collect());
    let before = |ms| What::Before(Timestamp::from_ms(T0 + ms));
    let same = fixture.reader.plan(&before(3000), "retention").unwrap();
    assert_eq!(pruned(&mut fixture, &before(3000)), 3);
    assert_eq!(pruned(&mut fixture, &before(6000)), 3);
    // A plan that was carried out by somebody else meanwhile leaves no second record.
    assert_eq!(fixture.ledger.prune(&same, &mut || ()).unwrap().0, 0);
    fixture.ledger.seal().unwrap();
    let found = verify(&fixture);
    assert_eq!((found.verdict, found.pruned, found.records), (Verdict::Pruned, 6, 11));
}

#[test]
fn what_is_forgotten_is_whatever_names_the_repository_or_lies_in_it() {
    let mut fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        touched_in(
            10,
            1,
            "/w/secret/src",
            "chdir",
            Some(repo("/w/secret", Some("https://h/x.git"))),
        ),
        touched_in(20, 1, "/w/secretary", "chdir", Some(repo("/w/secretary", None))),
        touched(30, 1, "/w/other", "command"),
    ]);
    let plan = |repo: &str| fixture.reader.plan(&What::Repo(repo.into()), "forget").unwrap();
    let all = Plan { policy: "forget", before: None, runs: vec![(2, 2)] };
    for name in ["/w/secret", "/w/secret/src/deep", "https://h/x", "git@h:x.git"] {
        assert_eq!(plan(name), all, "{name}");
    }
    for name in ["/", "/w", "/nowhere", ""] {
        assert_eq!(plan(name).count(), 0, "{name}: no repository is called so");
    }
    assert_eq!(pruned(&mut fixture, &What::Repo("/w/secret".into())), 1);
    let page = fixture.reader.page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
    let text = String::from_utf8(page.lines).unwrap();
    assert!(!text.contains("/w/secret\"") && !text.contains("h/x"), "{text}");
    assert!(text.contains("/w/secretary") && text.contains("\"pruned\""), "{text}");
}

#[test]
fn a_page_of_an_export_stands_for_every_record() {
    let mut fixture = three();
    let before = What::Before(Timestamp::from_ms(T0 + 500));
    assert_eq!(pruned(&mut fixture, &before), 1);
    let filter = Filter { agent: Some("codex".into()), ..Filter::default() };
    let page = fixture.reader.proven_page(0, 6, usize::MAX, (&filter, 0)).unwrap();
    let text = String::from_utf8(page.lines).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), page.count), (3, 3), "{text}");
    let told = |line: &str, from, until, pruned| {
        let told = format!("\"from\":{from},\"until\":{until},\"pruned\":{pruned},");
        assert!(line.contains(&told), "{line}");
    };
    told(lines[0], 1, 4, 1);
    assert!(lines[1].starts_with("{\"seq\":5,"), "{text}");
    told(lines[2], 6, 6, 0);
}

#[test]
fn damage_that_costs_nothing_to_see_is_seen_at_the_start() {
    let damage = |sql: &str| {
        let mut fixture = three();
        fixture.ledger.seal().unwrap();
        drop(fixture.ledger);
        let connection = rusqlite::Connection::open(fixture.dir.path().join("ledger.db")).unwrap();
        connection.execute_batch("DROP TRIGGER record_is_never_deleted").unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        super::support::reopen(fixture.dir.path()).damage().unwrap()
    };
    assert_eq!(damage(""), None);
    assert!(damage("DELETE FROM record WHERE seq = 5").unwrap().contains("4 records"));
    assert!(damage("UPDATE checkpoint SET note = ''").unwrap().contains("cannot be read"));
}

#[test]
fn the_note_of_a_checkpoint_names_the_ledger_s_own_key() {
    let mut fixture = three();
    let sealed = fixture.ledger.seal().unwrap();
    let key = super::super::key::verifier(fixture.path()).unwrap();
    let note = Note::parse(&sealed.note).unwrap();
    assert_eq!(note.check(&key), trackway_protocol::log::Signature::Valid);
    let question = Question { key: Some(key), ..Question::default() };
    let found = fixture.reader.verify(&question).unwrap();
    assert_eq!((found.verdict, &*found.key), (Verdict::Ok, "checked"));
}

#[test]
fn a_pruned_record_says_how_many_and_not_what() {
    let mut fixture = Fixture::with(vec![touched_in(
        10,
        1,
        "/w/secret/src",
        "chdir",
        Some(repo("/w/secret", None)),
    )]);
    let plan = fixture.reader.plan(&What::Repo("/w/secret".into()), "forget").unwrap();
    fixture.ledger.prune(&plan, &mut || ()).unwrap();
    let page = fixture.reader.page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
    let record: trackway_protocol::record::Record = serde_json::from_slice(&page.lines).unwrap();
    let Body::Pruned(body) = record.body else { panic!("it is about pruning") };
    assert_eq!((&*body.policy, body.count, body.before), ("forget", 1, None));
}
