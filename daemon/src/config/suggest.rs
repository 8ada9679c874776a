//! What may have been meant by a key that does not exist.

/// Every key, by its whole name.
pub(super) const KEYS: &[&str] = &[
    "launches.tier",
    "launches.poll-interval",
    "ledger.keep",
    "checkpoint.every",
    "checkpoint.copy-to",
    "log.level",
    "pause.max",
    "scope.include",
    "scope.exclude",
    "report.weekly",
    "report.keep",
    "report.time-zone",
    "agents",
];

/// Adds to an error of serde's about a key what may have been meant, where something is close.
pub(super) fn with_suggestion(reason: String) -> String {
    let Some(rest) = reason.strip_prefix("unknown field `") else { return reason };
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default().to_owned();
    let near = |known: &str| distance(&unknown, known);
    // Serde lists those of the same table.
    let beside =
        names.map(str::to_owned).filter(|known| near(known) <= 2 && near(known) < known.len());
    let beside = beside.min_by_key(|known| near(known));
    let elsewhere =
        KEYS.iter().filter(|key| near(last(key)) <= 1).min_by_key(|key| near(last(key)));
    match beside.or(elsewhere.map(|key| (*key).to_owned())) {
        Some(meant) => format!("{reason}; did you mean `{meant}`?"),
        None => reason,
    }
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Returns how many letters are to be put in, taken out, changed or swapped to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // A key is short, and what is typed in its place may not be.
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::super::DEFAULT;
    use super::*;

    #[test]
    fn what_is_close_is_suggested() {
        let told = |unknown: &str, known: &str| {
            let told = with_suggestion(format!("unknown field `{unknown}`, expected {known}"));
            told.split_once("; did you mean ").map(|(_, meant)| meant.to_owned())
        };
        let tables = "one of `launches`, `log`, `ledger`, `checkpoint`, `agents`";
        let suggested = |text: &str| Some(format!("`{text}`?"));
        assert_eq!(told("teir", "`tier` or `poll-interval`"), suggested("tier"));
        assert_eq!(told("poll_interval", "`tier` or `poll-interval`"), suggested("poll-interval"));
        assert_eq!(told("lauches", tables), suggested("launches"));
        assert_eq!(told("keep", tables), suggested("ledger.keep"));
        assert_eq!(told("levle", tables), suggested("log.level"));
        assert_eq!(told("frobnicate", tables), None);
        assert_eq!(told(&"keep".repeat(100_000), tables), None);
        assert_eq!(with_suggestion("missing field `path`".into()), "missing field `path`");
    }

    #[test]
    fn every_key_of_the_packaged_configuration_is_known() {
        let mut table = "";
        for line in DEFAULT.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                table = name;
            } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#'))
            {
                let key = format!("{table}.{key}");
                assert!(KEYS.contains(&&*key), "{key}");
            }
        }
    }
}
