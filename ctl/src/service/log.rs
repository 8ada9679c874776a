//! The log of a daemon that no manager keeps one for: its last lines, and those to come.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// No more than this of the end is read.
const MOST: u64 = 1024 * 1024;
const EVERY: Duration = Duration::from_millis(250);

/// Returns the last lines of a log, and how long it was.
pub(crate) fn last(path: &Path, lines: usize) -> io::Result<(Vec<String>, u64)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(MOST);
    let text = read(&mut file, start, length)?;
    // Where the beginning is not read, the first line is half a line.
    let text = if start > 0 { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let all: Vec<_> = text.lines().map(str::to_owned).collect();
    Ok((all[all.len().saturating_sub(lines)..].to_vec(), length))
}

/// Hands on what is written to a log after its first `from` bytes, line by line, until that fails.
pub(crate) fn follow<E: From<io::Error>>(
    path: &Path,
    mut from: u64,
    mut line: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = String::new();
    loop {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < from {
            // Emptied, or another file.
            from = 0;
            rest.clear();
        }
        let end = length.min(from + MOST);
        rest += &read(&mut file, from, end)?;
        from = end;
        while let Some((whole, more)) = rest.split_once('\n') {
            line(whole)?;
            rest = more.to_owned();
        }
        if end == length {
            thread::sleep(EVERY);
        }
    }
}

fn read(file: &mut File, start: u64, end: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_last_lines_are_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(last(&path, 2).unwrap(), (vec!["two".into(), "three".into()], 14));
        assert_eq!(last(&path, 9).unwrap().0.len(), 3);
        assert!(last(&dir.path().join("none"), 1).is_err());
        let long = "x".repeat(MOST as usize);
        fs::write(&path, format!("{long}\nlast\n")).unwrap();
        assert_eq!(last(&path, 9).unwrap().0, ["last"]);
    }

    #[test]
    fn what_is_written_later_follows_also_into_a_log_that_was_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "old\nnew\nha").unwrap();
        let mut seen = Vec::new();
        let ended = follow(&path, 4, |line| {
            seen.push(line.to_owned());
            match seen.len() {
                1 => File::options().append(true).open(&path)?.write_all(b"lf\n"),
                2 => fs::write(&path, "x\n"),
                _ => Err(io::Error::other("enough")),
            }
        });
        assert_eq!(ended.unwrap_err().to_string(), "enough");
        assert_eq!(seen, ["new", "half", "x"]);
    }
}
