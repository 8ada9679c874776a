//! From what was typed to what it means. No error quotes a value.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::typed::{TypedAgent, TypedProgram};
use super::{DAY, Program, Tier};
use crate::agents::user;

/// Reads what is added to the catalogue; an error comes with its key.
pub(super) fn programs(
    agents: BTreeMap<String, TypedAgent>,
) -> Result<Vec<Program>, (String, String)> {
    let mut programs = Vec::new();
    for (name, agent) in agents {
        let known = user::by_name(&name)
            .ok_or_else(|| ("agents".to_owned(), format!("knows only {}", user::agents())))?;
        for (index, typed) in agent.programs.into_iter().enumerate() {
            let key = format!("agents.{}.programs[{index}]", known.name());
            let TypedProgram { path, role, interpreter } = typed;
            let program = Program::new(known.name(), path, role.as_deref(), interpreter)
                .map_err(|(field, why)| (format!("{key}.{field}"), why))?;
            programs.push(program);
        }
    }
    if programs.len() > user::MAX_PROGRAMS {
        let why = format!("has more than {} programs", user::MAX_PROGRAMS);
        return Err(("agents".to_owned(), why));
    }
    Ok(programs)
}

/// Reads a tier. An error of serde's own would quote the value.
pub(super) fn tier(text: &str) -> Result<Tier, String> {
    match text {
        "auto" => Ok(Tier::Auto),
        "proc-connector" => Ok(Tier::ProcConnector),
        "poll" => Ok(Tier::Poll),
        _ => Err("is none of auto, proc-connector, poll".into()),
    }
}

/// Reads a duration such as `500ms`; what is too often or too seldom is refused.
pub(super) fn interval(
    text: &str,
    bounds: RangeInclusive<Duration>,
    named: &str,
) -> Result<Duration, String> {
    let signed: jiff::SignedDuration =
        text.parse().map_err(|_| "is no duration such as 500ms or 2s".to_owned())?;
    let interval = Duration::try_from(signed).map_err(|_| "is negative".to_owned())?;
    if bounds.contains(&interval) { Ok(interval) } else { Err(format!("is not between {named}")) }
}

/// Reads for how long records are kept: `400d`, `1y`, or `forever`.
pub(super) fn keep(text: &str) -> Result<Option<Duration>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let wrong = || "is no time such as 400d or 2y, and not forever".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    // From some day on: years are not equally long, and nobody means that here.
    let from = jiff::civil::date(2026, 1, 1);
    let days = span.total((jiff::Unit::Day, from)).map_err(|_| wrong())?;
    if (1.0..=36_600.0).contains(&days) {
        Ok(Some(Duration::from_secs_f64(days * DAY.as_secs_f64())))
    } else {
        Err("is not between 1d and 100y".into())
    }
}

/// Reads how long a pause may be: `24h`, or `0` where there is to be none.
pub(super) fn longest_pause(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let signed: jiff::SignedDuration =
        text.parse().map_err(|_| "is no duration such as 8h, and not 0".to_owned())?;
    let longest = Duration::try_from(signed).map_err(|_| "is negative".to_owned())?;
    if longest <= DAY { Ok(longest) } else { Err("is more than 24h".into()) }
}
