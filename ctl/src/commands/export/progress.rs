//! How far an export is: one line on a terminal, written over and over and gone at the end.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::render::text::number;

/// How often the line is written at most.
const EVERY: Duration = Duration::from_millis(100);

/// How far an export is.
pub(super) struct Progress<N: Write> {
    out: N,
    /// The number before the first record, and the last one's.
    from: u64,
    end: u64,
    began: Instant,
    /// When the line was written last, and how long it is.
    shown: Option<Instant>,
    width: usize,
}

impl<N: Write> Progress<N> {
    /// Begins after the record `from`; `end` is the last.
    pub(super) fn begin(out: N, from: u64, end: u64) -> Self {
        Self { out, from: from.min(end), end, began: Instant::now(), shown: None, width: 0 }
    }

    /// Shows that the record `seq` was reached, unless that was shown a moment ago.
    pub(super) fn reached(&mut self, seq: u64) {
        let now = Instant::now();
        // What is done at once needs no line.
        if now.duration_since(self.shown.unwrap_or(self.began)) < EVERY {
            return;
        }
        self.shown = Some(now);
        let line = line(seq, (self.from, self.end), now.duration_since(self.began));
        self.write(&line);
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.width > 0 {
            self.write("");
            write!(self.out, "\r").ok();
            self.out.flush().ok();
        }
    }

    /// Writes over what is there. Without escape sequences any terminal understands it; and where
    /// it cannot be written, the export goes on.
    fn write(&mut self, line: &str) {
        let width = self.width;
        write!(self.out, "\r{line:width$}").ok();
        self.out.flush().ok();
        self.width = line.chars().count();
    }
}

/// Returns the line: short enough for a narrow terminal.
fn line(seq: u64, (from, end): (u64, u64), passed: Duration) -> String {
    // There may be more by now than when it began.
    let end = end.max(seq);
    let (done, all) = (seq.saturating_sub(from), end - from.min(end));
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
    let rate = u128::from(done) * 1000 / passed.as_millis().max(1);
    let rate = number(u64::try_from(rate).unwrap_or(u64::MAX));
    format!("record {} of {}, {percent} %, {rate}/s", number(seq), number(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is_and_how_fast() {
        let second = Duration::from_secs(1);
        assert_eq!(line(1234, (0, 5000), second), "record 1,234 of 5,000, 24 %, 1,234/s");
        assert_eq!(line(4000, (3000, 5000), second * 2), "record 4,000 of 5,000, 50 %, 500/s");
        assert_eq!(line(6, (0, 5), Duration::ZERO), "record 6 of 6, 100 %, 6,000/s");
        assert_eq!(line(0, (0, 0), second), "record 0 of 0, 100 %, 0/s");
    }

    #[test]
    fn it_is_written_not_too_often_and_taken_away() {
        let mut out = Vec::new();
        let mut progress = Progress::begin(&mut out, 0, 1000);
        progress.reached(1);
        progress.began -= EVERY * 10;
        (2..100).for_each(|seq| progress.reached(seq));
        progress.shown = progress.shown.map(|shown| shown - EVERY);
        progress.reached(9);
        progress.clear();
        let text = String::from_utf8(out).unwrap();
        let parts: Vec<_> = text.split('\r').collect();
        assert_eq!(parts.len(), 5, "{text:?}");
        assert!(parts[1].starts_with("record 2 of 1,000, 0 %, "), "{text:?}");
        assert!(parts[2].starts_with("record 9 of 1,000, 0 %, "), "{text:?}");
        assert_eq!((parts[3].trim(), parts[4]), ("", ""), "{text:?}");
        assert!(parts[3].len() >= parts[2].trim_end().len(), "{text:?}");
    }

    #[test]
    fn what_is_done_at_once_shows_nothing() {
        let mut out = Vec::new();
        let mut progress = Progress::begin(&mut out, 0, 3);
        progress.reached(3);
        progress.clear();
        assert!(out.is_empty());
    }
}
