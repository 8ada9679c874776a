//! The log: every event is one line that a terminal can show, whatever names are in it.
//!
//! Paths are what somebody chose to call a directory. One with a line end in it would write lines of
//! its own into the log, one with an escape sequence would act on the terminal that shows it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::OnceLock;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, reload};

/// How much is logged by the log that was started, if one was.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Starts logging to stderr, which the service manager or the installer keeps.
pub fn start(level: tracing::Level) {
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(level));
    let log = tracing_subscriber::fmt::layer().with_writer(Log(io::stderr)).with_ansi(false);
    // Where the log cannot be written, on a disk that is full, it would tell by a panic.
    let log = log.log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(log).init();
    LEVEL.get_or_init(|| handle);
}

/// Changes how much is logged from now on.
pub(crate) fn set_level(level: tracing::Level) {
    let changed = LEVEL.get().map(|handle| handle.reload(LevelFilter::from_level(level)));
    if let Some(Err(error)) = changed {
        tracing::warn!(%error, "the level of the log stays as it was");
    }
}

/// Returns `text` with every control character, and what turns text around it, as an escape.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match is_unprintable(char) {
            true => printable.extend(char.escape_default()),
            false => printable.push(char),
        }
    }
    Cow::Owned(printable)
}

fn is_unprintable(char: char) -> bool {
    let is_turning =
        matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    char.is_control() || is_turning
}

/// Makes a writer for each event.
struct Log<W>(fn() -> W);

/// One event: what is written at once is a line.
struct Line<W>(W);

impl<'a, W: Write + 'a> MakeWriter<'a> for Log<W> {
    type Writer = Line<W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line((self.0)())
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = printable(text.strip_suffix('\n').unwrap_or(&text)).into_owned();
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use super::*;

    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    /// What the log would write to stderr.
    struct Kept;

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_hostile_name_writes_no_line_of_its_own_and_no_escape_sequence() {
        let log = tracing_subscriber::fmt().with_writer(Log(|| Kept)).with_ansi(false).finish();
        let path = Path::new(
            "/w/a\n2026-11-20T09:00:00Z ERROR trackwayd: forged\r\x1b[2J\u{9b}2J\u{202e}",
        );
        tracing::subscriber::with_default(log, || {
            tracing::warn!(path = %path.display(), "a line");
            tracing::warn!(?path, "{}", path.display());
        });
        let written = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 2, "{written}");
        assert!(!written.lines().any(|line| line.contains(is_unprintable)), "{written:?}");
        assert!(
            written.contains("/w/a\\n2026-11-20") && written.contains("\\u{202e}"),
            "{written}"
        );
    }

    #[test]
    fn what_can_be_shown_stands_as_it_is() {
        for text in ["/home/ann/naïve 日本語 שלום", "", "a\\nb"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }
}
