//! The few statistics that a table needs.

/// Returns the value below which `share` (0 to 1) of the values lie, between two where it falls
/// between them; 0 of none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = values.len().saturating_sub(1) as f64 * share;
    let at = |place: f64| values.get(place as usize).copied().unwrap_or_default();
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

/// Returns the value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Returns the range that holds the true median with about 95 %, whatever the values' distribution:
/// between two of the values, by the binomial distribution's normal approximation.
pub(crate) fn median_range(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let share = 0.98 / count.sqrt().max(1.0);
    [(0.5 - share).max(0.0), (0.5 + share).min(1.0)].map(|share| quantile(values, share))
}
