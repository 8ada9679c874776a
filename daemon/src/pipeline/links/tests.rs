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

/// A day, by which a clock may be set.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Long after the daemon began.
const LATER: i64 = 1_000_000;

fn all_seen() -> Sight {
    Sight { sessions: true, launches: Some(at(0)) }
}

/// A launch that asks something by itself.
fn asking(started: i64) -> Work {
    let expected = Expected::new(true, true, None);
    Work { dir: Some(DIR.into()), expected, ..Work::new("claude", "headless", at(started)) }
}

/// Ends a launch well, after two seconds.
fn end(links: &mut Links, number: u8, ended: i64) {
    links.end(id(number), at(ended));
    links.expect_file(id(number), Some(0), (2_000_000_000, 0));
}

/// Says what is missing when everything is due, as (code, subject).
fn missed(links: &mut Links, now: i64, sight: Sight) -> Vec<String> {
    let now = Moment { at: at(now), boot_ns: 2 * PATIENCE_NS };
    links.conclude(now, false);
    let told = links.missing(now, sight).into_iter().map(|missing| match missing {
        Missing::File { launch, silenced, session, .. } => {
            format!("file of {launch} {silenced:?} {session:?}")
        }
        Missing::Launch { session, .. } => format!("launch of {session}"),
    });
    told.collect()
}

fn file_of(number: u8) -> String {
    format!("file of {} None None", id(number))
}

#[test]
fn a_launch_that_did_what_it_was_asked_and_left_no_file_is_missed_once() {
    let mut links = links();
    links.begin(id(1), asking(LATER));
    assert_eq!(missed(&mut links, LATER, all_seen()), [""; 0], "it runs");
    end(&mut links, 1, LATER + 2000);
    assert!(links.is_waiting());
    assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [file_of(1)]);
    assert!(!links.is_waiting());
    assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [""; 0]);
}

#[test]
fn a_tool_call_proves_that_there_was_something_to_write_down() {
    let mut links = links();
    let expected = Expected::new(true, false, None);
    links.begin(id(1), Work { expected, ..work(LATER) });
    links.link(id(1), claim(S, ENVIRONMENT));
    links.end(id(1), at(LATER + 10));
    links.expect_file(id(1), None, (10_000_000, 0));
    let expected = format!("file of {} None Some({S:?})", id(1));
    assert_eq!(missed(&mut links, LATER + 20, all_seen()), [expected]);
}

#[test]
fn a_launch_that_was_told_to_leave_no_file_and_left_none_says_by_what() {
    let mut links = links();
    for number in [1, 2] {
        let expected = Expected::new(true, false, Some("--ephemeral"));
        links.begin(id(number), Work { expected, ..work(LATER) });
    }
    // The flag counts nothing at a terminal: it has a file, as it says itself.
    links.claim(id(2), claim(S, REGISTRY));
    links.grew(growth(S, LATER + 1, LATER + 2), 0);
    end(&mut links, 1, LATER + 5);
    end(&mut links, 2, LATER + 5);
    let expected = format!("file of {} Some(\"--ephemeral\") None", id(1));
    assert_eq!(missed(&mut links, LATER + 20, all_seen()), [expected]);
}

#[test]
fn no_file_is_missed_where_that_cannot_be_known() {
    let silent = || Expected::new(true, false, None);
    let cases: [(&str, Work, Option<i32>, u64); 9] = [
        ("it failed", asking(LATER), Some(1), 2_000_000_000),
        ("its end was not seen", asking(LATER), None, 2_000_000_000),
        ("it was over at once", asking(LATER), Some(0), 1_000_000),
        ("nobody may have asked", Work { expected: silent(), ..work(LATER) }, Some(0), u64::MAX),
        ("it was there first", asking(-1), Some(0), 2_000_000_000),
        ("a container", Work { is_contained: true, ..asking(LATER) }, Some(0), 2_000_000_000),
        ("a service", Work { is_service: true, ..asking(LATER) }, Some(0), 2_000_000_000),
        ("no session", Work { mode: "mcp-serve", ..asking(LATER) }, Some(0), 2_000_000_000),
        (
            "nobody knows where it keeps its files",
            Work { expected: Expected::new(false, true, None), ..asking(LATER) },
            Some(0),
            2_000_000_000,
        ),
    ];
    for (why, work, exit_code, ran_ns) in cases {
        let mut links = links();
        links.begin(id(1), work);
        links.end(id(1), at(LATER + 2000));
        links.expect_file(id(1), exit_code, (ran_ns, 0));
        assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [""; 0], "{why}");
    }
}

#[test]
fn a_session_that_may_be_the_launch_s_is_file_enough() {
    let mut links = links();
    links.begin(id(1), asking(LATER));
    // Another directory, and nothing says whose it is.
    let elsewhere = Growth { cwd: Some("/w/other".into()), ..growth(S, LATER + 1, LATER + 2) };
    links.grew(elsewhere, 0);
    end(&mut links, 1, LATER + 2000);
    assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [""; 0]);
}

#[test]
fn another_launch_s_session_is_no_file_of_this_one() {
    let mut links = links();
    links.begin(id(1), asking(LATER));
    links.begin(id(2), asking(LATER));
    links.claim(id(2), claim(S, REGISTRY));
    links.grew(growth(S, LATER + 1, LATER + 2), 0);
    end(&mut links, 1, LATER + 2000);
    end(&mut links, 2, LATER + 2000);
    assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [file_of(1)]);
}

#[test]
fn nothing_is_missed_while_a_witness_is_blind_and_not_later_either() {
    let blind = [
        Sight { sessions: false, ..all_seen() },
        Sight { launches: None, ..all_seen() },
        // It was blind when the session was worked in.
        Sight { launches: Some(at(LATER + 5)), ..all_seen() },
    ];
    for (number, sight) in blind.into_iter().enumerate() {
        let mut links = links();
        if number == 0 {
            links.begin(id(1), asking(LATER));
            end(&mut links, 1, LATER + 2000);
        } else {
            links.grew(growth(S, LATER, LATER + 10), 0);
        }
        assert_eq!(missed(&mut links, LATER + 9000, sight), [""; 0], "{number}");
        assert_eq!(missed(&mut links, LATER + 9000, all_seen()), [""; 0], "{number}");
    }
}

#[test]
fn a_session_that_no_launch_can_have_worked_on_is_told() {
    let mut links = links();
    links.begin(id(1), Work::new("codex", "headless", at(LATER)));
    links.grew(growth(S, LATER, LATER + 10), 0);
    assert_eq!(missed(&mut links, LATER + 20, all_seen()), [format!("launch of {S}")]);
    links.grew(growth(S, LATER + 30, LATER + 40), 0);
    assert_eq!(missed(&mut links, LATER + 50, all_seen()), [""; 0], "once");
}

#[test]
fn a_session_that_any_launch_can_have_worked_on_is_not_told() {
    let works: [(&str, Work); 4] = [
        ("another mode", Work { mode: "other:agents", ..work(LATER) }),
        ("a container", Work { is_contained: true, ..work(LATER) }),
        ("another directory", Work { dir: Some("/else".into()), ..work(LATER) }),
        ("it ended a moment ago", Work { ended: Some(at(LATER - 5000)), ..work(LATER - 9000) }),
    ];
    for (why, work) in works {
        let mut links = links();
        links.begin(id(1), work);
        links.grew(growth(S, LATER, LATER + 10), 0);
        assert_eq!(missed(&mut links, LATER + 20, all_seen()), [""; 0], "{why}");
    }
    // What was there before the daemon, and what another clock wrote.
    for begun in [10, LATER + DAY] {
        let mut links = links();
        links.grew(growth(S, begun, begun + 10), 0);
        assert_eq!(missed(&mut links, LATER + 20, all_seen()), [""; 0], "{begun}");
    }
}

proptest::proptest! {
    /// Whatever a clock is set by, and whenever: a session is never linked by place and time to
    /// another launch than the one in whose life it began.
    #[test]
    fn a_clock_that_is_set_makes_no_wrong_link(
        by in proptest::sample::select(&[-DAY, DAY, -3_600_000, 3_600_000, -700, 700][..]),
        // When: before anything, in the first launch, between them, in the second, after all.
        when in 0..5_usize, of_second in proptest::bool::ANY, late in proptest::bool::ANY,
    ) {
        let mut links = links();
        let mut clock = LATER;
        let mut read_late = None;
        for step in 0..5 {
            if step == when {
                links.clock_set(by);
                clock += by;
            }
            clock += 5000;
            match step {
                0 => links.begin(id(1), work(clock)),
                1 => links.end(id(1), at(clock)),
                2 => links.begin(id(2), work(clock)),
                3 => links.end(id(2), at(clock)),
                _ => {}
            }
            if step == (if of_second { 2 } else { 0 }) {
                let told = growth(S, clock + 1, clock + 2);
                // What was written before the clock was set may be read only after.
                if late { read_late = Some(told) } else { links.grew(told, 0); }
            }
        }
        if let Some(told) = read_late {
            links.grew(told, 0);
        }
        let now = Moment { at: at(clock + 20_000), boot_ns: PATIENCE_NS };
        let right = if of_second { id(2) } else { id(1) };
        for (launch, ..) in told(links.conclude(now, true)) {
            proptest::prop_assert_eq!(launch, right);
        }
    }
}
