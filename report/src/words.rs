//! Numbers, times, costs and changes as people read them.

use jiff::Zoned;
use trackway_protocol::record::Tokens;
use trackway_protocol::report::Use;

pub mod attention;
pub(crate) mod sentences;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Returns a number with its thousands apart: `1,234,567`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a number and what it counts: `1 launch`, `2,000 launches`.
#[must_use]
pub fn count(many: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(many), if many == 1 { one } else { more })
}

/// Returns a moment to the minute: `Tue 17 Nov 2026, 14:32`.
#[must_use]
pub fn moment(at: &Zoned) -> String {
    at.strftime("%a %-d %b %Y, %H:%M").to_string()
}

/// Returns a day: `Tue 17 Nov 2026`.
#[must_use]
pub fn day(at: &Zoned) -> String {
    at.strftime("%a %-d %b %Y").to_string()
}

/// Returns what range a report is about: days where it begins and ends with one, otherwise moments.
#[must_use]
pub fn range(from: &Zoned, until: &Zoned) -> String {
    let is_midnight = |at: &Zoned| at.start_of_day().is_ok_and(|start| start == *at);
    if from < until && is_midnight(from) && is_midnight(until) {
        let last = until.yesterday().unwrap_or_else(|_| until.clone());
        let first = from.date();
        if first == last.date() {
            return day(from);
        }
        return format!("{} – {}", day(from), day(&last));
    }
    format!("{} – {}", moment(from), moment(until))
}

/// Returns a length of time in its two greatest units: `168 h`, `3 h 20 min`, `45 s`.
#[must_use]
pub fn length(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND);
    let two = |many: u64, unit: &str, rest: u64, smaller: &str| match rest {
        0 => format!("{} {unit}", number(many)),
        rest => format!("{} {unit} {rest} {smaller}", number(many)),
    };
    match (hours, minutes, seconds) {
        (0, 0, 0) if ms > 0 => "less than 1 s".into(),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => two(minutes, "min", seconds, "s"),
        (hours, minutes, _) => two(hours, "h", minutes, "min"),
    }
}

/// Returns how a number differs from what it was: `12 more than 45`.
#[must_use]
pub fn change(now: u64, before: u64, shown: impl Fn(u64) -> String) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Equal => "as before".into(),
        std::cmp::Ordering::Greater => {
            format!("▲ {} from {}", shown(now - before), shown(before))
        }
        std::cmp::Ordering::Less => format!("▼ {} from {}", shown(before - now), shown(before)),
    }
}

/// Returns quarter-hours as hours and minutes: `12 h 15 min`.
#[must_use]
pub fn quarters(many: u64) -> String {
    match (many / 4, many % 4 * 15) {
        (hours, 0) => format!("{} h", number(hours)),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{} h {minutes} min", number(hours)),
    }
}

/// Returns tokens to a tenth of their unit: `812.4 k`, `1.2 M`, `34.5 G`.
#[must_use]
pub fn tokens(many: u64) -> String {
    let (unit, name) = match many {
        0..1000 => return many.to_string(),
        1000..1_000_000 => (1000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let (whole, tenth) = (many / unit, many % unit / (unit / 10));
    match (whole, tenth) {
        (1000.., _) | (_, 0) => format!("{} {name}", number(whole)),
        _ => format!("{whole}.{tenth} {name}"),
    }
}

/// Stands where nothing was recorded of what would tell it.
pub const UNTOLD: &str = "–";

/// Returns the tokens of responses, of which there is none without any; where no response was recorded
/// there may have been some.
#[must_use]
pub fn spent(many: u64) -> String {
    if many == 0 { UNTOLD.into() } else { tokens(many) }
}

/// Returns tokens by class: read from a cache, written to one, other input, output.
#[must_use]
pub fn by_class(tokens: &Tokens) -> [u64; 4] {
    let written = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
    [tokens.cache_read, written, tokens.input, tokens.output]
}

/// Returns all tokens together.
#[must_use]
pub fn total(tokens: &Tokens) -> u64 {
    by_class(tokens).into_iter().fold(0, u64::saturating_add)
}

/// Returns millionths of a dollar as dollars: `$1,234.57`, `<$0.01`.
#[must_use]
pub fn dollars(micro: u64) -> String {
    match micro {
        0 => "$0.00".into(),
        1..10_000 => "<$0.01".into(),
        _ => {
            let cents = micro / 10_000 + u64::from(micro % 10_000 >= 5000);
            format!("${}.{:02}", number(cents / 100), cents % 100)
        }
    }
}

/// Returns what responses cost, and how many of them have no price: `$12.34 + 3 unpriced`.
#[must_use]
pub fn cost(use_: &Use) -> String {
    match (use_.cost_microusd, use_.unpriced_responses) {
        (Some(_), 1..) => {
            format!("{} + {} unpriced", priced(use_), number(use_.unpriced_responses))
        }
        _ => priced(use_),
    }
}

/// Returns what those responses cost that have a price. Where no response was recorded there may have
/// been some.
#[must_use]
pub fn priced(use_: &Use) -> String {
    match use_.cost_microusd {
        _ if use_.responses == 0 => UNTOLD.into(),
        None => "unpriced".into(),
        Some(micro) => dollars(micro),
    }
}

/// Returns how a cost differs from what it was.
#[must_use]
pub fn cost_change(now: &Use, before: &Use) -> String {
    match [now, before].map(|use_| use_.cost_microusd.filter(|_| use_.responses > 0)) {
        [Some(now), Some(before)] => change(now, before, dollars),
        _ => format!("from {}", cost(before)),
    }
}

/// Returns a part of a whole: `99.2 %`, `<0.1 %`. It is 0 or 100 only where that is exact.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "?".into();
    }
    if part >= whole {
        return "100 %".into();
    }
    if part == 0 {
        return "0 %".into();
    }
    match (u128::from(part) * 2000 / u128::from(whole)).div_ceil(2) {
        0 => "<0.1 %".into(),
        tenths => format!("{}.{} %", tenths.min(999) / 10, tenths.min(999) % 10),
    }
}

/// Returns words as a sentence lists them: `a, b and c`.
#[must_use]
pub fn list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Returns a number and what it counts with the verb that goes with it: `1 launch was`, `2 launches were`.
#[must_use]
pub fn count_was(many: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(many, one, more), if many == 1 { "was" } else { "were" })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_length_is_told_in_two_units() {
        let lengths = [0, 1, 45_000, 61_000, 3_600_000, 604_800_000, 12_345_678].map(length);
        assert_eq!(
            lengths,
            ["0 s", "less than 1 s", "45 s", "1 min 1 s", "1 h", "168 h", "3 h 25 min"]
        );
    }

    #[test]
    fn a_cost_says_what_it_leaves_out() {
        let cost = |responses, cost_microusd, unpriced_responses| {
            cost(&Use { responses, cost_microusd, unpriced_responses, ..Use::default() })
        };
        assert_eq!(cost(9, Some(1_234_567_800), 0), "$1,234.57");
        assert_eq!(cost(9, Some(9_999), 0), "<$0.01");
        assert_eq!(cost(9, Some(0), 0), "$0.00");
        assert_eq!(cost(9, Some(12_340_000), 3), "$12.34 + 3 unpriced");
        assert_eq!(cost(9, None, 9), "unpriced");
        assert_eq!(cost(0, Some(0), 0), "–");
    }

    #[test]
    fn a_share_is_whole_only_where_it_is_exact() {
        assert_eq!(
            [0, 4, 5, 500, 9_994, 9_995, 10_000].map(|part| share(part, 10_000)),
            ["0 %", "<0.1 %", "0.1 %", "5.0 %", "99.9 %", "99.9 %", "100 %"]
        );
        assert_eq!(share(0, 0), "?");
    }

    #[test]
    fn tokens_and_quarters_are_short() {
        let many = [999, 1000, 12_345, 812_400, 1_250_000, 100_900_000, 2_000_000_000].map(tokens);
        assert_eq!(many, ["999", "1 k", "12.3 k", "812.4 k", "1.2 M", "100.9 M", "2 G"]);
        assert_eq!([0, 12_345].map(spent), ["–", "12.3 k"]);
        assert_eq!([0, 1, 4, 49].map(quarters), ["0 h", "15 min", "1 h", "12 h 15 min"]);
    }

    #[test]
    fn a_range_of_whole_days_names_its_last_one() {
        let at = |day, hour| date(2026, 11, day).at(hour, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
        assert_eq!(range(&at(16, 0), &at(23, 0)), "Mon 16 Nov 2026 – Sun 22 Nov 2026");
        assert_eq!(range(&at(16, 0), &at(17, 0)), "Mon 16 Nov 2026");
        let moments = "Mon 16 Nov 2026, 08:00 – Mon 16 Nov 2026, 09:00";
        assert_eq!(range(&at(16, 8), &at(16, 9)), moments);
    }

    #[test]
    fn a_change_says_what_it_was() {
        assert_eq!(change(57, 45, number), "▲ 12 from 45");
        assert_eq!(change(3, 5, number), "▼ 2 from 5");
        assert_eq!(change(5, 5, number), "as before");
    }

    #[test]
    fn words_are_listed_as_in_a_sentence() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list::<&str>(&[]), "");
    }

    #[test]
    fn thousands_stand_apart() {
        let numbers = [0, 999, 1000, 1_234_567].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(1, "launch", "launches"), "1 launch");
        assert_eq!(count(2000, "launch", "launches"), "2,000 launches");
    }
}
