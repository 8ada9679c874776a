//! Reports: what is in them is what was recorded in their range, to the token.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::{collection, option};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{
    Body, Coverage, Endpoint, Evidence, FileAccessed, Launch, Repo, Session, SessionLinked, Tokens,
    Usage,
};
use trackway_protocol::report::{Report, Use};
use trackway_report::prices::PriceList;

use super::super::{Ask, Draft, Reader};
use super::support::{Fixture, at, daemon_started, draft, ended, id, repo, touched_in, updated};
use crate::zones::InForce;

pub(super) const QUARTER: i64 = 15 * 60 * 1000;
pub(super) const HOUR: i64 = 4 * QUARTER;

fn told(ms: i64, body: Body) -> Draft {
    Draft { evidence: Evidence::Transcript, ..draft(ms, body) }
}

pub(super) fn session(ms: i64, id: &str, agent: &str, repo: Option<Repo>) -> Draft {
    let cwd = repo.as_ref().map_or("/tmp", |repo| &repo.root).to_owned();
    told(
        ms,
        Body::SessionStarted(Box::new(Session {
            session: id.into(),
            agent: agent.into(),
            cwd: Some(cwd),
            repo,
            permission_mode: Some("acceptEdits".into()),
            transcript: Some(format!("/t/{id}.jsonl")),
            ..Session::default()
        })),
    )
}

pub(super) fn accessed(
    ms: i64,
    session: &str,
    (path, how): (&str, &str),
    repo: Option<Repo>,
) -> Draft {
    told(
        ms,
        Body::FileAccessed(Box::new(FileAccessed {
            launch: None,
            session: Some(session.into()),
            subagent: None,
            agent: "claude".into(),
            path: path.into(),
            path_as_told: None,
            repo,
            repo_unknown: None,
            how: how.into(),
            tool: "Read".into(),
            changed: false,
            outcome: None,
            lines_added: None,
            lines_removed: None,
        })),
    )
}

fn used(
    ms: i64,
    (session, agent): (&str, &str),
    key: &str,
    model: Option<&str>,
    tokens: Tokens,
) -> Draft {
    told(
        ms,
        Body::Usage(Box::new(Usage {
            session: session.into(),
            subagent: None,
            agent: agent.into(),
            model: model.map(Into::into),
            response_id: None,
            key: key.into(),
            retracted: false,
            tokens,
        })),
    )
}

fn ask(from: i64, until: i64, zone: &str, filter: Filter) -> Ask {
    let prices = "date = \"2026-01-01\"\nsource = \"a test\"\n\
        [[price]]\nmodel = \"opus\"\ninput = 1\noutput = 2.5\ncache-read = 0.1\ncache-write-5m = 3\n\
        cache-write-1h = 4\n";
    Ask {
        filter: Filter { since_ms: Some(at(from).ms()), until_ms: Some(at(until).ms()), ..filter },
        before: (at(2 * from - until), at(from)),
        week: None,
        zone: TimeZone::get(zone).unwrap(),
        now: at(until),
        in_force: Arc::new(InForce::default()),
        prices: PriceList::known().with_own(prices, "prices.toml").unwrap(),
    }
}

pub(super) fn report(reader: &Reader, from: i64, until: i64, filter: Filter) -> Report {
    reader.report(&ask(from, until, "UTC", filter)).unwrap()
}

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

/// A launch in one repository whose session reads in another, and one that did nothing but run.
fn busy() -> Fixture {
    Fixture::with(busy_drafts())
}

fn busy_drafts() -> Vec<Draft> {
    let (acme, other) =
        (|| Some(repo("/src/acme", Some("https://h/acme"))), || Some(repo("/src/b", None)));
    let launch = |number: u64, version: &str, repo: Option<Repo>| Launch {
        launch: id(number),
        agent: Some("claude".into()),
        agent_version: Some(version.into()),
        mode: Some("interactive".into()),
        cwd: repo.as_ref().map(|repo| repo.root.clone()),
        repo,
        flags: Some(vec!["--dangerously-skip-permissions".into()]),
        endpoint: Some(Endpoint { host: "api.h".into(), how: "default".into() }),
        ..Launch::default()
    };
    let linked = SessionLinked {
        session: "s1".into(),
        agent: "claude".into(),
        launch: id(1),
        how: "environment".into(),
    };
    vec![
        daemon_started(0, "boot"),
        draft(HOUR, Body::LaunchStarted(Box::new(launch(1, "2.0", acme())))),
        touched_in(HOUR, 1, "/src/acme", "launch", acme()),
        touched_in(HOUR + 5, 1, "/src/b/x", "command", other()),
        touched_in(HOUR + 6, 1, "/src/c", "helper", Some(repo("/src/c", None))),
        session(HOUR + 10, "s1", "claude", acme()),
        draft(HOUR + 11, Body::SessionLinked(linked)),
        accessed(HOUR + 20, "s1", ("/src/b/x/f", "read"), other()),
        accessed(HOUR + 30, "s1", ("/src/acme/g", "write"), acme()),
        used(HOUR + QUARTER, ("s1", "claude"), "k1", Some("opus"), tokens(1000, 100)),
        used(HOUR + QUARTER, ("s1", "claude"), "k2", Some("unheard-of"), tokens(10, 1)),
        ended(3 * HOUR, 1, Some(0)),
        draft(10 * HOUR, Body::LaunchStarted(Box::new(launch(2, "2.1", other())))),
        updated(10 * HOUR + 1, Launch { launch: id(2), ..Launch::default() }),
    ]
}

#[test]
fn a_report_says_who_was_where_and_what_left() {
    let fixture = busy();
    let report = report(&fixture.reader, 0, 4 * HOUR, Filter::default());
    let totals = &report.totals;
    assert_eq!((totals.launches, totals.sessions, totals.repos), (1, 1, 2));
    assert_eq!((totals.files_read, totals.files_written, totals.dirs), (1, 1, 2));
    // One with touches, another one with responses.
    assert_eq!(totals.active_quarters, 2);
    let repos: Vec<_> = report
        .repos
        .iter()
        .map(|repo| (&*repo.id, repo.launches, repo.sessions, repo.files_read, repo.files_written))
        .collect();
    assert_eq!(repos, [("h/acme", 1, 1, 0, 1), ("/src/b", 1, 1, 1, 0)]);
    let under = &report.repos[1].read_under[0];
    let modes = (under.endpoint.as_deref(), under.permission_mode.as_deref(), under.files);
    assert_eq!(modes, (Some("api.h"), Some("acceptEdits"), 1));
    let agent = &report.agents[0];
    assert_eq!((agent.version.as_deref(), agent.launches), (Some("2.0"), 1));
    assert_eq!(agent.flags, ["--dangerously-skip-permissions"]);
    // 1000 tokens of input for a dollar a million, and 100 of output for 2.5.
    let acme = report.repos[0].use_;
    assert_eq!((acme.responses, acme.cost_microusd, acme.unpriced_responses), (2, Some(1250), 1));
    assert_eq!(report.unknown.unpriced, ["claude unheard-of"]);
    assert_eq!(report.unknown.sessions_without_launch, 0);
    assert_eq!(report.hours.iter().flatten().sum::<u64>(), 2);
    assert!(report.range.complete);
}

#[test]
fn a_file_that_lay_in_several_repositories_counts_in_each() {
    let (acme, other) = (repo("/src/acme", Some("https://h/acme")), repo("/src/b", None));
    let places = [None, Some(other), Some(acme)];
    let accesses = places.into_iter().zip(0..).map(|(repo, number)| {
        accessed(HOUR + number, &format!("s{number}"), ("/src/b/f", "read"), repo)
    });
    for several in 1..=3 {
        let drafts = [daemon_started(0, "boot")].into_iter().chain(accesses.clone().take(several));
        let fixture = Fixture::with(drafts.collect::<Vec<_>>());
        let report = report(&fixture.reader, 0, 4 * HOUR, Filter::default());
        let repos = report.repos.iter().map(|repo| (&*repo.id, repo.sessions, repo.files_read));
        let sessions = several as u64;
        let lay_in = [("/src/b", sessions, 1), ("h/acme", sessions, 1)];
        assert_eq!(repos.collect::<Vec<_>>(), lay_in[..several - 1]);
        assert_eq!(report.elsewhere.files_read, u64::from(several == 1));
        assert_eq!((report.totals.sessions, report.totals.files_read), (sessions, 1));
    }
}

#[test]
fn a_launch_that_runs_across_counts_and_begins_on_no_day_of_the_range() {
    let fixture = busy();
    let across = report(&fixture.reader, 2 * HOUR, 4 * HOUR, Filter::default());
    assert_eq!((across.totals.launches, across.totals.sessions), (1, 0));
    assert_eq!(across.days.iter().map(|day| day.launches).sum::<u64>(), 0);
    let later = report(&fixture.reader, 20 * HOUR, 24 * HOUR, Filter::default());
    assert_eq!(later.totals.launches, 1, "launch 2 has not ended");
}

#[test]
fn a_filter_narrows_everything_to_a_repository_a_directory_or_an_agent() {
    let fixture = busy();
    let reader = &fixture.reader;
    let of = |filter| report(reader, 0, 24 * HOUR, filter);
    let b = of(Filter { repo: Some("/src/b".into()), ..Filter::default() });
    let totals = &b.totals;
    assert_eq!((totals.repos, totals.files_read, totals.files_written), (1, 1, 0));
    assert_eq!((totals.launches, totals.use_.responses), (2, 0));
    let dir = of(Filter { dir: Some("/src/acme".into()), ..Filter::default() });
    assert_eq!(
        (dir.totals.launches, dir.totals.files_written, dir.totals.use_.responses),
        (1, 1, 2)
    );
    let codex = of(Filter { agent: Some("codex".into()), ..Filter::default() });
    assert_eq!((codex.totals.launches, codex.totals.sessions, codex.repos.len()), (0, 0, 0));
}

#[test]
fn the_range_before_is_there_once_something_could_have_been_recorded() {
    let fixture = busy();
    let reader = &fixture.reader;
    let first = report(reader, 0, 4 * HOUR, Filter::default());
    assert_eq!(first.before, None, "before it no daemon had ever been started");
    let second = report(reader, 4 * HOUR, 8 * HOUR, Filter::default());
    let before = second.before.unwrap();
    assert_eq!((before.totals.launches, before.totals.use_.responses), (1, 2));
    assert_eq!(
        second.totals,
        trackway_protocol::report::Totals {
            use_: Use { cost_microusd: Some(0), ..Use::default() },
            ..Default::default()
        }
    );
}

#[test]
fn an_empty_ledger_makes_a_report_that_says_so() {
    let report = report(&Fixture::with(Vec::new()).reader, 0, 24 * HOUR, Filter::default());
    assert_eq!((report.seq, report.totals.launches, report.repos.len()), (0, 0, 0));
    assert_eq!(report.unknown.time[0].unrecorded_ms, 24 * HOUR as u64);
    assert_eq!(report.before, None);
}

#[test]
fn a_place_that_was_touched_is_not_absent() {
    let fixture = busy();
    let reader = &fixture.reader;
    let asked = |repo: &str, from, until| {
        let (since_ms, until_ms) = (Some(at(from).ms()), Some(at(until).ms()));
        let repo = Some(repo.to_owned());
        reader
            .absence(&Filter { repo, since_ms, until_ms, ..Filter::default() }, at(until))
            .unwrap()
    };
    let touched = asked("/src/b", 0, 4 * HOUR);
    assert!(!touched.absent && touched.known);
    // The session by its file, and its launch by its process.
    assert_eq!(touched.touches.len(), 2, "{touched:?}");
    // What helpers did of themselves counts here.
    assert!(!asked("/src/c", 0, 4 * HOUR).absent);
    let before = asked("/src/b", 4 * HOUR, 8 * HOUR);
    assert!(before.absent && before.known && before.touches.is_empty());
    assert_eq!((before.launches, before.sessions), (0, 0));
    assert!(!asked("/src/nowhere", 0, 4 * HOUR).known);
}

#[test]
fn what_was_left_out_for_where_it_lay_is_told_where_there_is_any() {
    let left_out = |begin: i64, missed: u64| {
        let until = Some(at(begin + HOUR));
        let (source, state) = ("scope".into(), "degraded".into());
        let (missed, from) = (Some(missed), at(begin));
        draft(
            begin + HOUR,
            Body::Coverage(Coverage { source, state, from, until, missed, ..Coverage::default() }),
        )
    };
    let drafts = [daemon_started(0, "a"), left_out(2 * HOUR, 4), left_out(3 * HOUR, 7)];
    let fixture = Fixture::with(drafts.into());
    let told = |from, until| {
        let (since_ms, until_ms) = (Some(at(from).ms()), Some(at(until).ms()));
        let filter = Filter { since_ms, until_ms, ..Filter::default() };
        let absence = fixture.reader.absence(&filter, at(until)).unwrap();
        let report = report(&fixture.reader, from, until, Filter::default());
        assert_eq!(report.unknown.out_of_scope, absence.out_of_scope);
        absence.out_of_scope
    };
    assert_eq!(told(0, 2 * HOUR), None);
    assert_eq!(told(0, 3 * HOUR), Some(4));
    assert_eq!(told(0, 5 * HOUR), Some(11));
}

/// A response as it is made up: when, of which session, by which model, with which tokens.
type Made = (i64, usize, Option<&'static str>, [u64; 6]);

fn made() -> impl Strategy<Value = Made> {
    let model = prop::sample::select(&[Some("opus"), Some("unheard-of"), None][..]);
    (-200 * HOUR..600 * HOUR, 0..4_usize, model, prop::array::uniform6(0..1000_u64))
}

fn of_classes(
    [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning]: [u64; 6],
) -> Tokens {
    Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning }
}

/// Adds up what was made up, by whatever name.
fn sums<K: Ord>(made: impl Iterator<Item = (K, Made)>) -> BTreeMap<K, (u64, Tokens)> {
    let mut sums = BTreeMap::<K, (u64, Tokens)>::new();
    for (key, (.., classes)) in made {
        let (responses, tokens) = sums.entry(key).or_default();
        *responses += 1;
        tokens.add(&of_classes(classes));
    }
    sums
}

proptest! {
    #[test]
    fn totals_per_day_model_and_repository_are_what_was_recorded(
        made in collection::vec(made(), 0..40),
        zone in prop::sample::select(&["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
        from in -100..100_i64, length in 1..400_i64,
    ) {
        // In October, so that the clock changes in it.
        let back = 35 * 24 * HOUR;
        let sessions = ["s0", "s1", "s2", "s3"];
        let of_session = |number: usize| [Some(("/a", "h/a")), Some(("/a2", "h/a")), Some(("/b", "h/b")), None][number];
        let mut drafts: Vec<Draft> = sessions.iter().enumerate().map(|(number, id)| {
            let repo = of_session(number).map(|(root, remote)| repo(root, Some(&format!("https://{remote}"))));
            session(-back, id, if number == 3 { "codex" } else { "claude" }, repo)
        }).collect();
        for (index, (ms, number, model, classes)) in made.iter().enumerate() {
            let of = (sessions[*number], if *number == 3 { "codex" } else { "claude" });
            drafts.push(used(ms - back, of, &format!("k{index}"), *model, of_classes(*classes)));
        }
        let (from, until) = (from * QUARTER - back, (from + length) * QUARTER - back);
        let report = Fixture::with(drafts).reader.report(&ask(from, until, zone, Filter::default())).unwrap();
        let within = || made.iter().copied().filter(|(ms, ..)| (from..until).contains(&(ms - back)));

        let tz = TimeZone::get(zone).unwrap();
        let day = |ms: i64| {
            let at = jiff::Timestamp::from_millisecond(at(ms - back).ms()).unwrap();
            at.to_zoned(tz.clone()).date().to_string()
        };
        let told = |use_: &Use| (use_.responses, use_.tokens);
        let busy = report.days.iter().filter(|day| day.use_.responses > 0);
        let days: BTreeMap<_, _> = busy.map(|day| (day.date.clone(), told(&day.use_))).collect();
        prop_assert_eq!(days, sums(within().map(|made| (day(made.0), made))));

        let models: BTreeMap<_, _> =
            report.models.iter().map(|model| ((model.agent.clone(), model.model.clone()), told(&model.use_))).collect();
        let agent = |number| if number == 3 { "codex" } else { "claude" }.to_owned();
        prop_assert_eq!(models, sums(within().map(|made| ((agent(made.1), made.2.map(str::to_owned)), made))));

        let everywhere = report.repos.iter().chain([&report.elsewhere]).filter(|repo| repo.use_.responses > 0);
        let repos: BTreeMap<_, _> = everywhere.map(|repo| (repo.id.clone(), told(&repo.use_))).collect();
        let name = |number| of_session(number).map_or("", |(_, remote)| remote).to_owned();
        prop_assert_eq!(repos, sums(within().map(|made| (name(made.1), made))));

        let priced = within().filter(|made| made.2 == Some("opus"));
        let cost: u64 = priced.map(|(.., [input, read, five, hour, output, _])| {
            input * 10 + read + five * 30 + hour * 40 + output * 25
        }).sum();
        let total = report.totals.use_;
        if total.responses == 0 || total.unpriced_responses < total.responses {
            prop_assert_eq!(total.cost_microusd, Some((cost + 5) / 10));
        } else {
            prop_assert_eq!(total.cost_microusd, None);
        }
    }

    #[test]
    fn a_report_is_the_same_in_whatever_order_its_records_came(
        order in Just((0..14_usize).collect::<Vec<_>>()).prop_shuffle(),
        filter in option::of(Just("/src/b")),
    ) {
        let drafts = || busy_drafts();
        let shuffled = order.iter().map(|index| drafts().swap_remove(*index)).collect();
        let filter = Filter { repo: filter.map(str::to_owned), ..Filter::default() };
        let one = report(&Fixture::with(drafts()).reader, 0, 4 * HOUR, filter.clone());
        let other = report(&Fixture::with(shuffled).reader, 0, 4 * HOUR, filter);
        prop_assert_eq!(one, other);
    }
}
