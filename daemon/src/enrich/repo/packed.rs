//! `packed-refs`: references in one file, which grows to many megabytes where there are many tags.
//!
//! Git sorts it and says so in its first line. Then a search by halves reads a few kilobytes of it,
//! whatever its size.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::{file, reference};

/// What is read at each step of the search; longer than any line.
const BLOCK: u64 = 8 * 1024;

/// A range that is read as a whole.
const SMALL: u64 = 4 * BLOCK;

/// Returns the commit of a reference; `None` where it is not there or cannot be read.
pub(super) fn commit(path: &Path, name: &[u8]) -> Option<String> {
    let status = file::status(path).ok()??;
    let mut file = file::open(path, &status).ok()??;
    let mut range = 0..status.length;
    if range.end > SMALL && is_sorted(&mut file).ok()? {
        range = narrow(&mut file, range, name).ok()?;
    }
    if range.end - range.start > file::MAX_LENGTH {
        return None;
    }
    let bytes = read(&mut file, range).ok()?;
    entries(&bytes)
        .find(|(_, entry)| entry.name == name)
        .and_then(|(_, entry)| reference::commit(entry.id))
}

pub(super) struct Entry<'a> {
    pub(super) id: &'a [u8],
    pub(super) name: &'a [u8],
}

/// Iterates over the entries of whole lines, with their offsets. The header and the lines that say
/// what a tag points to are no entries.
pub(super) fn entries(bytes: &[u8]) -> impl Iterator<Item = (usize, Entry<'_>)> {
    let mut offset = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let line = line.strip_suffix(b"\n")?;
        let space = line.iter().position(|byte| *byte == b' ')?;
        let entry = Entry { id: &line[..space], name: line[space + 1..].trim_ascii_end() };
        (!line.starts_with(b"#")).then_some((start, entry))
    })
}

fn is_sorted(file: &mut File) -> io::Result<bool> {
    let bytes = read(file, 0..BLOCK)?;
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(header.starts_with(b"# pack-refs with:")
        && header.split(|b| *b == b' ').any(|w| w == b"sorted"))
}

/// Narrows a range, of which the start is the start of a line, to one that has `name` if the whole has.
fn narrow(file: &mut File, mut range: Range<u64>, name: &[u8]) -> io::Result<Range<u64>> {
    while range.end - range.start > SMALL {
        let middle = range.start + (range.end - range.start) / 2;
        let bytes = read(file, middle..middle + BLOCK)?;
        // The first line is cut somewhere.
        let whole = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        let Some((offset, entry)) = entries(&bytes[whole..]).next() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let at = middle + (whole + offset) as u64;
        match entry.name.cmp(name) {
            Ordering::Greater => range.end = at,
            Ordering::Less | Ordering::Equal => range.start = at,
        }
    }
    Ok(range)
}

fn read(file: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take(range.end - range.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "# pack-refs with: peeled fully-peeled sorted \n";

    fn id(number: usize) -> String {
        format!("{number:040x}")
    }

    fn find(content: &str, name: &str) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("packed-refs");
        std::fs::write(&path, content).unwrap();
        commit(&path, name.as_bytes())
    }

    fn many(count: usize) -> String {
        let line = |n: usize| format!("{} refs/tags/v{n:07}\n^{}\n", id(n), id(n + 1));
        (0..count).map(line).collect()
    }

    #[test]
    fn every_entry_of_a_large_sorted_file_is_found_and_nothing_else() {
        let content = format!("{HEADER}{}", many(40_000));
        assert!(content.len() as u64 > 2 * file::MAX_LENGTH);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("packed-refs");
        std::fs::write(&path, content).unwrap();
        for n in (0..40_000).step_by(97).chain([39_999]) {
            assert_eq!(commit(&path, format!("refs/tags/v{n:07}").as_bytes()), Some(id(n)));
        }
        for name in ["refs/heads/main", "refs/tags/v0000000a", "refs/tags/z", ""] {
            assert_eq!(commit(&path, name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn a_file_that_does_not_say_that_it_is_sorted_is_read_up_to_the_limit() {
        let content = format!("{}{} refs/heads/main\n", many(2_000), id(7));
        assert_eq!(find(&content, "refs/heads/main"), Some(id(7)));
        assert_eq!(find(&many(40_000), "refs/tags/v0000001"), None);
    }

    #[test]
    fn a_sorted_file_without_lines_ends_the_search() {
        assert_eq!(find(&format!("{HEADER}{}", "x".repeat(3 << 20)), "refs/heads/main"), None);
    }

    #[test]
    fn a_line_that_is_cut_is_no_entry() {
        assert_eq!(find(&format!("{} refs/heads/ma", id(1)), "refs/heads/ma"), None);
    }
}
