//! The file lines of a patch, and nothing else of it.

use serde::{Deserialize, Serialize};

use crate::session::{How, Lines, Place};

/// Files of one patch that are kept.
const MOST: usize = 256;

/// One file of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patched {
    pub(super) path: Place,
    pub(super) how: How,
    pub(super) lines: Option<Lines>,
}

/// Reads which files a patch changes, and how many lines of each.
pub(super) fn files(patch: &str) -> Vec<Patched> {
    let mut files: Vec<Patched> = Vec::new();
    for line in patch.lines() {
        if let Some((path, how)) = heading(line) {
            let path = Place::new(path.trim()).filter(|_| files.len() < MOST);
            let before = (how == How::Rename).then(|| files.last_mut()).flatten();
            let how = before.map_or(how, |before| {
                // The line names where to; where from stands before it.
                before.how = How::Rename;
                How::Create
            });
            files.extend(path.map(|path| Patched { path, how, lines: Some(Lines::default()) }));
        } else if let Some(lines) = files.last_mut().and_then(|file| file.lines.as_mut()) {
            lines.added += u64::from(line.starts_with('+'));
            lines.removed += u64::from(line.starts_with('-'));
        }
    }
    files
}

fn heading(line: &str) -> Option<(&str, How)> {
    const HEADINGS: [(&str, How); 4] = [
        ("*** Add File: ", How::Create),
        ("*** Update File: ", How::Write),
        ("*** Delete File: ", How::Delete),
        ("*** Move to: ", How::Rename),
    ];
    HEADINGS.iter().find_map(|(heading, how)| Some((line.strip_prefix(heading)?, *how)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_read_for_its_file_lines() {
        let patch = "*** Begin Patch\n*** Add File: a b\n+secret\n+*** Add File: no\n\
            *** Update File: c\n*** Move to: d\n@@\n-x\n+y\n z\n*** Delete File: /e\n*** End Patch";
        let read: Vec<_> = files(patch)
            .into_iter()
            .map(|file| (file.path.as_path().display().to_string(), file.how, file.lines.unwrap()))
            .collect();
        let lines = |added, removed| Lines { added, removed };
        assert_eq!(
            read,
            [
                ("a b".to_owned(), How::Create, lines(2, 0)),
                ("c".to_owned(), How::Rename, lines(0, 0)),
                ("d".to_owned(), How::Create, lines(1, 1)),
                ("/e".to_owned(), How::Delete, lines(0, 0)),
            ]
        );
    }
}
