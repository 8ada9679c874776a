//! What proves a link, and what is concluded.

use super::*;

const S: &str = "11111111-2222-4333-8444-555555555555";
const T: &str = "99999999-2222-4333-8444-555555555555";
const DIR: &str = "/w/repo";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn id(number: u8) -> LaunchId {
    format!("3f2a9c41-0000-8000-8000-0000000000{number:02x}").parse().unwrap()
}

fn links() -> Links {
    Links::new(&[], at(0))
}

/// A session at a terminal in the usual directory.
fn work(started: i64) -> Work {
    Work { dir: Some(DIR.into()), ..Work::new("claude", "interactive", at(started)) }
}

fn claim(session: &str, how: &'static str) -> Claim {
    Claim { session: session.into(), how, evidence: Evidence::Kernel, at: at(7) }
}

/// What a session's file tells of it: begun then, and worked in until then.
fn growth(session: &str, begun: i64, last: i64) -> Growth {
    Growth {
        agent: "claude",
        session: session.into(),
        begun: Some(at(begun)),
        cwd: Some(DIR.into()),
        first: at(begun),
        last: at(last),
    }
}

fn told(links: impl IntoIterator<Item = Link>) -> Vec<(LaunchId, String, &'static str)> {
    links.into_iter().map(|link| (link.launch, link.claim.session, link.claim.how)).collect()
}

fn concluded(links: &mut Links) -> Vec<(LaunchId, String, &'static str)> {
    told(links.conclude(Moment { at: at(9), boot_ns: PATIENCE_NS }, false))
}

#[test]
fn a_claim_waits_for_a_sign_of_the_session() {
    let mut links = links();
    links.begin(id(1), work(10));
    assert_eq!(links.claim(id(1), claim(S, ARGUMENT)), None);
    assert_eq!(told(links.grew(growth(T, 11, 12), 0)), []);
    assert_eq!(told(links.grew(growth(S, 11, 12), 0)), [(id(1), S.into(), ARGUMENT)]);
    assert_eq!(told(links.grew(growth(S, 13, 14), 0)), []);
    assert_eq!(links.claim(id(1), claim(S, ARGUMENT)), None, "it is linked");
    assert_eq!(told(links.claim(id(1), claim(S, REGISTRY))), [(id(1), S.into(), REGISTRY)]);
}

#[test]
fn a_sign_from_before_or_after_the_launch_proves_nothing() {
    let mut links = links();
    links.begin(id(1), work(10));
    links.claim(id(1), claim(S, ARGUMENT));
    assert_eq!(told(links.grew(growth(S, 1, 9), 0)), []);
    links.end(id(1), at(20));
    let late = 20 + LATE_MS;
    assert_eq!(told(links.grew(growth(S, late + 1, late + 5), 0)), []);
    assert_eq!(told(links.grew(growth(S, late, late), 0)), [(id(1), S.into(), ARGUMENT)]);
}

#[test]
fn the_last_words_of_an_agent_that_has_ended_count() {
    let mut links = links();
    links.begin(id(1), work(10));
    links.end(id(1), at(20));
    links.grew(growth(S, 11, 20), 0);
    assert_eq!(concluded(&mut links), [(id(1), S.into(), PLACE_AND_TIME)]);
}

#[test]
fn of_two_agents_in_one_directory_nothing_is_concluded() {
    let mut links = links();
    links.begin(id(1), work(10));
    links.begin(id(2), work(10));
    links.grew(growth(S, 11, 12), 0);
    assert_eq!(concluded(&mut links), []);
    links.end(id(2), at(20));
    links.grew(growth(T, 21, 22), 0);
    assert_eq!(concluded(&mut links), [(id(1), T.into(), PLACE_AND_TIME)]);
}

#[test]
fn who_may_have_been_there_stands_in_the_way_of_a_conclusion() {
    let unknown = Work { dir: None, ..work(10) };
    let service = Work { is_service: true, dir: Some("/".into()), ..work(10) };
    let contained = Work { is_contained: true, ..work(10) };
    for other in [unknown, service, contained] {
        let mut links = links();
        links.begin(id(1), work(10));
        links.begin(id(2), other.clone());
        links.grew(growth(S, 11, 12), 0);
        assert_eq!(concluded(&mut links), [], "{other:?}");
    }
}

#[test]
fn who_cannot_have_done_it_does_not() {
    let chore = Work { mode: "mcp", ..work(10) };
    let elsewhere = Work { dir: Some("/w".into()), ..work(10) };
    let other = Work { agent: "codex", ..work(10) };
    for other in [chore, elsewhere, other, work(12)] {
        let mut links = links();
        links.begin(id(1), work(10));
        links.begin(id(2), other.clone());
        links.grew(growth(S, 11, 13), 0);
        assert_eq!(concluded(&mut links), [(id(1), S.into(), PLACE_AND_TIME)], "{other:?}");
    }
}

#[test]
fn better_evidence_has_its_chance_and_then_nothing_is_concluded() {
    let mut links = links();
    links.begin(id(1), work(10));
    links.grew(growth(S, 11, 12), 0);
    let early = Moment { at: at(8), boot_ns: PATIENCE_NS - 1 };
    assert_eq!(told(links.conclude(early, false)), []);
    assert!(links.is_waiting());
    assert!(links.link(id(1), claim(S, ENVIRONMENT)).is_some());
    assert_eq!(concluded(&mut links), []);
    assert!(!links.is_waiting());
}

#[test]
fn nothing_is_concluded_of_a_session_that_began_when_nobody_watched() {
    let mut links = Links::new(&[], at(15));
    links.begin(id(1), work(10));
    links.grew(growth(S, 14, 30), 0);
    assert_eq!(concluded(&mut links), []);
    links.grew(Growth { begun: None, ..growth(T, 16, 30) }, 0);
    assert_eq!(concluded(&mut links), []);
}

#[test]
fn a_session_begins_where_its_first_file_begins() {
    let mut links = links();
    links.begin(id(1), work(10));
    links.grew(growth(S, 11, 12), 0);
    links.grew(growth(S, 5, 12), 0);
    assert_eq!(concluded(&mut links), []);
}

#[test]
fn what_a_former_daemon_recorded_is_not_linked_again() {
    let recorded = [(id(1), S.to_owned(), ARGUMENT.to_owned())];
    let mut links = Links::new(&recorded, at(0));
    links.begin(id(1), work(10));
    links.grew(growth(S, 11, 12), 0);
    assert_eq!(links.claim(id(1), claim(S, ARGUMENT)), None);
    assert_eq!(concluded(&mut links), [], "it has a link");
}

#[test]
fn a_launch_in_a_container_is_linked_to_nothing() {
    let mut links = links();
    links.begin(id(1), Work { is_contained: true, ..work(10) });
    links.claim(id(1), claim(S, REGISTRY));
    assert_eq!(told(links.grew(growth(S, 11, 12), 0)), []);
    assert_eq!(links.link(id(1), claim(S, ENVIRONMENT)), None);
}

#[test]
fn memory_is_bounded_and_what_was_forgotten_concludes_nothing() {
    let mut links = links();
    for number in 0..MOST_SESSIONS + 10 {
        links.grew(growth(&number.to_string(), 1, 2), 0);
    }
    assert_eq!(links.sessions.len(), MOST_SESSIONS);
    for number in 0..=MOST_ENDED {
        let number = format!("3f2a9c41-0000-8000-8000-00000000{number:04x}").parse().unwrap();
        links.begin(number, work(10));
        links.end(number, at(20));
    }
    assert_eq!((links.works.len(), links.since), (MOST_ENDED, at(20)));
}
