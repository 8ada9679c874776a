//! Whose a change is, and what is counted of those that nobody is named for.

use trackway_protocol::ids::ProcessKey;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_000_000 + ms)
}

fn launch(pid: u32) -> LaunchId {
    LaunchId::of(&ProcessKey { boot_id: "b".into(), pid, start_ticks: 1 })
}

fn whose(calls: &Calls, dir: &str, ms: i64) -> Whose {
    calls.whose(Path::new(dir), at(ms), at(ms))
}

fn begin(calls: &mut Calls, launch: LaunchId, session: &str, ms: i64, dir: &str) -> u64 {
    calls.watch(launch, Path::new("/r"), at(0));
    let id = calls.begin((launch, "claude"), Some(session.into()), None, at(ms));
    calls.work_in(id, Path::new(dir));
    id
}

#[test]
fn a_change_is_that_call_s_that_ran_then_and_there() {
    let mut calls = Calls::default();
    let id = begin(&mut calls, launch(1), "s", 0, "/r/d");
    assert_eq!(whose(&calls, "/r/e", 0), Whose::Session(id));
    assert_eq!(whose(&calls, "/r/e", -COARSE_MS), Whose::Session(id), "files' clock is behind");
    assert_eq!(whose(&calls, "/r/e", -COARSE_MS - 1), Whose::Nobody);
    assert_eq!(whose(&calls, "/other", 5), Whose::Nobody);
    calls.end(id, at(100));
    assert_eq!(whose(&calls, "/r", 100), Whose::Session(id));
    assert_eq!(whose(&calls, "/r", 101), Whose::Nobody);
    let together = calls.whose(Path::new("/r"), at(50), at(150));
    assert_eq!(together, Whose::Session(id), "of what went together, some went before");
}

#[test]
fn of_two_at_once_neither_is_blamed() {
    let mut calls = Calls::default();
    let one = begin(&mut calls, launch(1), "s", 0, "/r");
    let two = begin(&mut calls, launch(1), "t", 0, "/r");
    assert_eq!(whose(&calls, "/r", 5), Whose::Launch(vec![one, two]));
    let three = begin(&mut calls, launch(2), "u", 1, "/r/d");
    assert_eq!(whose(&calls, "/r", 5), Whose::Unknown(vec![one, two, three]));
    let again = begin(&mut calls, launch(1), "s", 200, "/r");
    [one, two, three].iter().for_each(|id| calls.end(*id, at(100)));
    assert_eq!(whose(&calls, "/r", 205), Whose::Session(again));
}

#[test]
fn who_works_in_the_tree_goes_before_who_was_there() {
    let mut calls = Calls::default();
    let here = begin(&mut calls, launch(1), "s", 0, "/r");
    begin(&mut calls, launch(2), "t", 0, "/elsewhere");
    assert_eq!(whose(&calls, "/r", 5), Whose::Session(here));
}

#[test]
fn the_inner_agent_goes_before_the_outer_one() {
    let mut calls = Calls::default();
    let outer = begin(&mut calls, launch(1), "s", 0, "/r");
    calls.watch(launch(2), Path::new("/r"), at(0));
    let inner = calls.begin((launch(2), "codex"), Some("t".into()), Some(outer), at(5));
    calls.work_in(inner, Path::new("/r"));
    assert_eq!(whose(&calls, "/r", 6), Whose::Session(inner));
    calls.end(inner, at(20));
    assert_eq!(whose(&calls, "/r", 30), Whose::Session(outer));
}

#[test]
fn a_server_that_was_left_running_is_not_blamed() {
    let mut calls = Calls::default();
    let server = begin(&mut calls, launch(1), "s", 0, "/r");
    assert_eq!(whose(&calls, "/r", LONG_MS + 1), Whose::Unknown(vec![server]));
    let call = begin(&mut calls, launch(1), "s", LONG_MS, "/r");
    assert_eq!(whose(&calls, "/r", LONG_MS + 1), Whose::Session(call));
}

#[test]
fn what_could_not_be_read_is_blamed_for_nothing() {
    let mut calls = Calls::default();
    calls.watch(launch(1), Path::new("/r"), at(0));
    let doubt = calls.doubt((launch(1), "claude"), Some("s".into()), at(100));
    calls.end(doubt, at(110));
    assert_eq!(whose(&calls, "/r", 90), Whose::Unknown(vec![doubt]));
    assert_eq!(whose(&calls, "/r", 111), Whose::Nobody);
    let call = begin(&mut calls, launch(1), "s", 80, "/r");
    assert_eq!(whose(&calls, "/r", 90), Whose::Session(call));
}

#[test]
fn what_somebody_else_may_have_done_is_blamed_on_nobody() {
    let mut calls = Calls::default();
    calls.watch(launch(2), Path::new("/r"), at(0));
    let call = begin(&mut calls, launch(1), "s", 0, "/r");
    let other = calls.doubt((launch(2), "claude"), Some("t".into()), at(100));
    calls.end(other, at(110));
    assert_eq!(whose(&calls, "/r", 90), Whose::Unknown(vec![call, other]));
    assert_eq!(whose(&calls, "/r", 130), Whose::Session(call));
}

#[test]
fn what_a_launch_works_in_is_bounded_and_what_is_beyond_is_counted_once() {
    let mut calls = Calls::default();
    let id = calls.begin((launch(1), "claude"), Some("s".into()), None, at(0));
    for number in 0..MOST_TREES + 3 {
        calls.watch(launch(1), Path::new(&format!("/t{number}")), at(0));
    }
    calls.leave_out(launch(1));
    calls.end(id, at(1));
    let left = calls.take_left(false, at(1000));
    assert_eq!(left.iter().map(|(_, _, dirs)| *dirs).collect::<Vec<_>>(), [4]);
    for number in 0..MOST_DIRS + 5 {
        calls.visit(launch(2), Path::new(&format!("/d{number}")));
    }
    assert_eq!(calls.visited[&launch(2)].dirs.len(), MOST_DIRS);
    assert_eq!(calls.visited[&launch(2)].left_out, 1);
    // Long after a call it is forgotten what was told of it.
    calls.get(id).unwrap().is_news(Path::new("/t1/a"), Alteration::Written);
    calls.take_left(false, at(LATE_MS + 1000));
    assert_eq!(calls.get(id).unwrap().told.len(), 0);
}

#[test]
fn what_is_left_out_is_counted_once() {
    let mut calls = Calls::default();
    let id = begin(&mut calls, launch(1), "s", 0, "/r");
    calls.unwatched("/r".into(), 7, at(0));
    let call = calls.get(id).unwrap();
    assert!(call.is_news(Path::new("/r/a"), Alteration::Written));
    assert!(!call.is_news(Path::new("/r/a"), Alteration::Written));
    for path in ["/r/x.o", "/r/x.o", "/r/y.o"] {
        assert!(!call.is_news(Path::new(path), Alteration::Ignored));
    }
    call.leave_out(Path::new("/r/b"), Alteration::Written);
    call.leave_out(Path::new("/r/b"), Alteration::Written);
    assert_eq!(calls.take_left(false, at(1000)), []);
    calls.end(id, at(10));
    let left = calls.take_left(false, at(1000));
    assert_eq!(left[0].1, LeftOut { ignored: 2, untold: 1 });
    assert_eq!(left[0].2, 7);
    assert_eq!(calls.take_left(true, at(1000)), []);
}

#[test]
fn what_is_not_watched_is_said_of_calls_that_were_over_before_it_was_known() {
    let mut calls = Calls::default();
    let earlier = begin(&mut calls, launch(1), "elsewhere", 0, "/r");
    calls.end(earlier, at(10));
    calls.watch(launch(1), Path::new("/s"), at(20));
    let id = begin(&mut calls, launch(1), "s", 30, "/s");
    calls.end(id, at(40));
    assert_eq!(calls.take_left(false, at(1000)), []);
    assert!(!calls.has_left());
    calls.unwatched("/s".into(), 7, at(1000));
    assert!(calls.has_left());
    let left = calls.take_left(false, at(1000));
    let told: Vec<_> =
        left.iter().map(|(whom, _, dirs)| (whom.session.as_deref(), *dirs)).collect();
    assert_eq!(told, [(Some("s"), 7)]);
    calls.unwatched("/s".into(), 7, at(1000));
    assert_eq!(calls.take_left(false, at(1000)), [], "it was said");
    // All of it is watched now.
    calls.unwatched("/s".into(), 0, at(1000));
    let id = begin(&mut calls, launch(1), "t", 1100, "/s");
    calls.end(id, at(1110));
    assert_eq!(calls.take_left(false, at(3000)), []);
    // It has grown since.
    calls.unwatched("/s".into(), 9, at(1110 + MET_MS + 1));
    assert_eq!(calls.take_left(false, at(70_000)), []);
}

#[test]
fn a_call_that_changes_everything_is_cut_short_and_says_so() {
    let mut calls = Calls::default();
    let id = begin(&mut calls, launch(1), "s", 0, "/r");
    let call = calls.get(id).unwrap();
    let files = (0..MOST_TOLD + 5).map(|n| PathBuf::from(format!("/r/{n}")));
    let told = files.filter(|path| call.is_news(path, Alteration::Written)).count();
    assert_eq!(told, MOST_TOLD);
    assert_eq!(call.left.untold, 5);
}

#[test]
fn a_tree_is_left_with_the_last_launch_in_it() {
    let mut calls = Calls::default();
    calls.watch(launch(1), Path::new("/r"), at(0));
    calls.watch(launch(2), Path::new("/r"), at(0));
    assert!(calls.leave(launch(1)).is_empty());
    assert!(calls.leave(launch(1)).is_empty(), "it has left already");
    assert_eq!(calls.leave(launch(2)), [Path::new("/r")]);
}
