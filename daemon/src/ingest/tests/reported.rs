//! From session files to a report: each response counts once, on its day, for its model, in its
//! repository.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::report::{Report, Use};
use trackway_report::prices::PriceList;

use super::Scene;
use crate::session::tally::tests::corpus::{DIRS, Said, made, place};
use crate::store::{self, Ask};
use crate::zones::InForce;

/// In New York the clock was set back on this day.
const BEGIN: &str = "2026-11-01T00:00:00Z";

impl Scene {
    /// Makes a repository for each directory of a corpus; their names stand in for the corpus' own.
    fn repos(&self) -> Vec<String> {
        let dirs = (0..DIRS).map(|number| {
            let dir = self.path(&format!("src/{number}"));
            fs::create_dir_all(dir.join(".git/refs")).unwrap();
            fs::create_dir_all(dir.join(".git/objects")).unwrap();
            fs::write(dir.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
            let dir = fs::canonicalize(dir).unwrap();
            dir.to_str().unwrap().to_owned()
        });
        dirs.collect()
    }

    pub(super) fn report(&self, zone: &str) -> Report {
        let from: Timestamp = BEGIN.parse().unwrap();
        let until = Timestamp::from_ms(from.ms() + 60 * 24 * 60 * 60 * 1000);
        let (since_ms, until_ms) = (Some(from.ms()), Some(until.ms()));
        let ask = Ask {
            filter: Filter { since_ms, until_ms, ..Filter::default() },
            before: (from, from),
            week: None,
            zone: TimeZone::get(zone).unwrap(),
            now: until,
            in_force: Arc::new(InForce::default()),
            prices: PriceList::known(),
        };
        store::open(&self.path("state")).unwrap().reader().report(&ask).unwrap()
    }
}

/// Responses, and tokens of input, output, read from and written to caches.
type Sum = (u64, [u64; 4]);

fn sums(said: &[Said], name: impl Fn(&Said) -> String) -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::<String, Sum>::new();
    for each in said {
        let sum = sums.entry(name(each)).or_default();
        sum.0 += 1;
        sum.1.iter_mut().zip(each.tokens).for_each(|(sum, tokens)| *sum += tokens);
    }
    sums
}

fn told(rows: impl Iterator<Item = (String, Use)>) -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::<String, Sum>::new();
    for (name, Use { responses, tokens, .. }) in rows.filter(|(_, use_)| use_.responses > 0) {
        let sum = sums.entry(name).or_default();
        let written = tokens.cache_write_5m + tokens.cache_write_1h;
        let more = [tokens.input, tokens.output, tokens.cache_read, written];
        sum.0 += responses;
        sum.1.iter_mut().zip(more).for_each(|(sum, tokens)| *sum += tokens);
    }
    sums
}

fn day(said: &Said, zone: &str) -> String {
    let begin: jiff::Timestamp = BEGIN.parse().unwrap();
    let minutes = i64::try_from(said.quarter).unwrap() * 15;
    let at = begin.checked_add(minutes.minutes()).unwrap();
    at.in_tz(zone).unwrap().date().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn totals_per_day_model_and_repository_are_the_truth_to_the_token(seed in 1..u64::MAX) {
        let (scene, made) = (Scene::new(), made(seed));
        let repos = scene.repos();
        for (number, text) in made.files.iter().enumerate() {
            let mut there = text.clone();
            for (number, repo) in repos.iter().enumerate() {
                there = there.replace(&format!("\"/w{number}\""), &format!("{repo:?}"));
            }
            scene.append(&place(number, text), &there);
        }
        scene.run();
        for zone in ["UTC", "America/New_York"] {
            let report = scene.report(zone);
            let days = told(report.days.iter().map(|day| (day.date.clone(), day.use_)));
            prop_assert_eq!(days, sums(&made.said, |said| day(said, zone)));
            let models = report.models.iter().map(|model| {
                let name = model.model.clone().filter(|_| model.agent == "claude");
                (name.unwrap_or_else(|| model.agent.clone()), model.use_)
            });
            let truth = sums(&made.said, |said| said.model.unwrap_or("codex").to_owned());
            prop_assert_eq!(told(models), truth);
            let places = report.repos.iter().map(|repo| (repo.roots[0].clone(), repo.use_));
            prop_assert_eq!(told(places), sums(&made.said, |said| repos[said.dir].clone()));
            prop_assert_eq!(report.elsewhere.use_.responses, 0);
            prop_assert_eq!(report.totals.use_.responses, made.responses as u64);
        }
    }
}
