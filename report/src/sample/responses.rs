//! Which models answered in which repository, and on which day. Everything else about tokens and
//! costs follows from it.

use trackway_protocol::record::Tokens;
use trackway_protocol::report::{ModelUse, RepoUse, Use};

use super::{facts, of};

/// A model.
pub(super) struct Model {
    agent: &'static str,
    name: &'static str,
    sessions: u64,
    /// What a response of it takes: input, read from a cache, written to one for five minutes and for an
    /// hour, output, reasoning.
    takes: [u64; 6],
    /// Millionths of a dollar for a million of each but reasoning, which is output.
    price: Option<[u64; 5]>,
}

/// What a report says of a repository beside tokens.
pub(super) struct Repo {
    pub(super) active_quarters: u64,
    pub(super) launches: u64,
    pub(super) sessions: u64,
    pub(super) files_written: u64,
}

const fn model(
    agent: &'static str,
    name: &'static str,
    sessions: u64,
    takes: [u64; 6],
    price: Option<[u64; 5]>,
) -> Model {
    Model { agent, name, sessions, takes, price }
}

const fn repo(active_quarters: u64, launches: u64, sessions: u64, files_written: u64) -> Repo {
    Repo { active_quarters, launches, sessions, files_written }
}

pub(super) const MODELS: [Model; 7] = [
    model(
        "claude",
        "claude-opus-4-5",
        14,
        [840, 96_300, 1_910, 1_240, 1_020, 310],
        Some([5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000]),
    ),
    model(
        "claude",
        "claude-sonnet-4-5",
        17,
        [610, 71_800, 2_230, 0, 790, 140],
        Some([3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000]),
    ),
    model(
        "claude",
        "claude-haiku-4-5",
        21,
        [1_480, 18_900, 760, 0, 240, 0],
        Some([1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000]),
    ),
    model(
        "codex",
        "gpt-5.1-codex",
        9,
        [3_950, 58_600, 0, 0, 880, 460],
        Some([1_250_000, 125_000, 0, 0, 10_000_000]),
    ),
    model(
        "codex",
        "gpt-5.1-codex-mini",
        6,
        [2_120, 21_400, 0, 0, 410, 150],
        Some([250_000, 25_000, 0, 0, 2_000_000]),
    ),
    model(
        "codex",
        "gpt-5-codex",
        2,
        [4_310, 40_700, 0, 0, 940, 520],
        Some([1_250_000, 125_000, 0, 0, 10_000_000]),
    ),
    model("codex", "qwen3-coder:30b", 3, [7_420, 0, 0, 0, 690, 0], None),
];

pub(super) const REPOS: [Repo; 5] = [
    repo(92, 24, 18, 118),
    repo(48, 14, 11, 57),
    repo(27, 8, 6, 9),
    repo(14, 7, 6, 21),
    repo(9, 4, 4, 5),
];

/// Repository, model, and responses on each day. The repository after the last is elsewhere.
const RESPONSES: [(usize, usize, [u64; 7]); 15] = [
    (0, 0, [182, 148, 231, 164, 62, 0, 0]),
    (0, 1, [96, 71, 112, 84, 55, 0, 0]),
    (0, 2, [44, 31, 52, 37, 20, 0, 0]),
    (0, 3, [0, 66, 84, 0, 0, 0, 0]),
    (1, 1, [58, 92, 74, 110, 96, 0, 0]),
    (1, 2, [21, 30, 18, 26, 33, 0, 0]),
    (1, 4, [0, 0, 47, 62, 0, 0, 0]),
    (2, 0, [0, 28, 0, 41, 0, 0, 0]),
    (2, 3, [0, 0, 73, 58, 0, 0, 0]),
    (2, 5, [0, 0, 0, 31, 17, 0, 0]),
    (3, 6, [0, 0, 0, 0, 0, 38, 24]),
    (3, 2, [9, 0, 7, 0, 0, 12, 10]),
    (4, 4, [12, 0, 0, 9, 0, 14, 0]),
    (5, 2, [7, 3, 5, 4, 0, 6, 2]),
    (5, 3, [0, 5, 0, 0, 8, 0, 0]),
];

/// One model's responses in one repository on one day.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    repo: usize,
    model: usize,
    use_: Use,
}

/// Adds up those that are chosen, each with its day.
pub(super) fn sum(choose: impl Fn(Entry, usize) -> Option<Entry>) -> Use {
    let mut sum = Use { cost_microusd: Some(0), ..Use::default() };
    for (at, (repo, model, days)) in RESPONSES.into_iter().enumerate() {
        for (day, responses) in days.into_iter().enumerate() {
            // Nobody's responses are all of one size.
            let percent = 78 + (at as u64 * 31 + day as u64 * 17) % 45;
            let use_ = used(&MODELS[model], responses, percent);
            if let Some(Entry { use_, .. }) = choose(Entry { repo, model, use_ }, day) {
                add(&mut sum, &use_);
            }
        }
    }
    if sum.responses > 0 && sum.responses == sum.unpriced_responses {
        sum.cost_microusd = None;
    }
    sum
}

fn used(model: &Model, responses: u64, percent: u64) -> Use {
    let takes = model.takes.map(|tokens| tokens * responses * percent / 100);
    let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = takes;
    let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
    let cost = |price: [u64; 5]| {
        price.iter().zip(takes).map(|(price, tokens)| price * tokens).sum::<u64>() / 1_000_000
    };
    Use {
        responses,
        tokens,
        cost_microusd: model.price.map(cost),
        unpriced_responses: if model.price.is_none() { responses } else { 0 },
    }
}

fn add(sum: &mut Use, other: &Use) {
    sum.responses += other.responses;
    sum.tokens.add(&other.tokens);
    sum.cost_microusd = sum.cost_microusd.map(|cost| cost + other.cost_microusd.unwrap_or(0));
    sum.unpriced_responses += other.unpriced_responses;
}

/// Returns a model as a report tells of it.
pub(super) fn model_use(at: usize) -> ModelUse {
    let model = &MODELS[at];
    ModelUse {
        agent: model.agent.into(),
        model: Some(model.name.into()),
        sessions: model.sessions,
        priced: model.price.is_some(),
        use_: sum(|entry, _| (entry.model == at).then_some(entry)),
    }
}

/// Returns a repository as a report tells of it; the one after the last is elsewhere.
pub(super) fn repo_use(at: usize) -> RepoUse {
    let repo = REPOS.get(at).unwrap_or(&Repo {
        active_quarters: 8,
        launches: 5,
        sessions: 4,
        files_written: 6,
    });
    let mut place: RepoUse = of(facts::place(at));
    place.files_read = place.read_under.iter().map(|under| under.files).sum();
    place.files_written = repo.files_written;
    place.active_quarters = repo.active_quarters;
    place.launches = repo.launches;
    place.sessions = repo.sessions;
    place.use_ = sum(|entry, _| (entry.repo == at).then_some(entry));
    place
}
