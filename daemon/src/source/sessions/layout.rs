//! Which files are session files: one table for each agent.
//!
//! Whatever a table does not name is never opened; credentials, pasted text and tool results lie
//! beside session files. Directories are entered unless they are known to hold something else, so
//! that a layout with one more level is still read.
//!
//! Both agents also keep a history of what was typed, with times and sessions: of sessions whose files
//! are gone it is the only trace. It lies in the home itself, of which nothing else is taken, and is
//! read after all session files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Compressed session files end with it; without it the name is that of the plain file.
pub(super) const PACKED: &str = ".zst";
/// Directories below a root deeper than this are nobody's layout.
pub(super) const MAX_DEPTH: usize = 12;

/// Where an agent keeps its session files, and how they are called.
#[derive(Debug)]
pub(super) struct Layout {
    agent: &'static str,
    /// Directories below the home, or `""` for itself.
    pub(super) roots: &'static [&'static str],
    prefix: &'static str,
    /// Whether it is the history alone that is taken.
    pub(super) is_history: bool,
    /// Whether the agent compresses old files.
    packs: bool,
    /// Names that look like session files and are none: exact, or a part that marks them.
    not_files: &'static [&'static str],
    not_marked: &'static [&'static str],
    /// Directories that hold content and no sessions.
    not_entered: &'static [&'static str],
}

/// The history of what was typed.
pub(crate) const HISTORY: &str = "history.jsonl";

const fn history(agent: &'static str) -> Layout {
    Layout {
        agent,
        roots: &[""],
        prefix: "",
        is_history: true,
        packs: false,
        not_files: &[],
        not_marked: &[],
        not_entered: &[],
    }
}

/// The home goes first: where it is replaced, so is all below it.
const LAYOUTS: &[Layout] = &[
    history("claude"),
    history("codex"),
    Layout {
        agent: "claude",
        roots: &["projects"],
        prefix: "",
        is_history: false,
        packs: false,
        not_files: &["journal.jsonl", "history.jsonl", "sessions-index.jsonl"],
        not_marked: &[".orphaned-", ".superseded-"],
        not_entered: &["memory", "tool-results", "file-history", "tasks", "uploads"],
    },
    Layout {
        agent: "codex",
        roots: &["sessions", "archived_sessions"],
        prefix: "rollout-",
        is_history: false,
        packs: true,
        not_files: &[],
        not_marked: &[],
        not_entered: &[],
    },
];

impl Layout {
    /// Returns the layouts of an agent's homes.
    pub(super) fn of(agent: &str) -> impl Iterator<Item = &'static Self> {
        LAYOUTS.iter().filter(move |layout| layout.agent == agent)
    }

    /// Returns whether a file of this name is a session file.
    pub(super) fn takes(&self, name: &OsStr) -> bool {
        let Some(name) = name.to_str() else { return false };
        if self.is_history {
            return name == HISTORY;
        }
        let plain = if self.packs { name.strip_suffix(PACKED).unwrap_or(name) } else { name };
        plain.len() > self.prefix.len() + ".jsonl".len()
            && plain.starts_with(self.prefix)
            && plain.ends_with(".jsonl")
            // What a program hides, or has not finished to write, is not for us.
            && !plain.starts_with('.')
            && !self.not_files.contains(&plain)
            && !self.not_marked.iter().any(|mark| plain.contains(mark))
    }

    /// Returns whether session files may lie in a directory of this name.
    pub(super) fn enters(&self, name: &OsStr) -> bool {
        !self.is_history && !self.not_entered.iter().any(|other| name == *other) && name != ".git"
    }

    /// Returns the name of the same session, compressed or plain, whichever `name` is not.
    pub(super) fn counterpart(&self, name: &OsStr) -> Option<String> {
        let name = name.to_str().filter(|_| self.packs)?;
        Some(name.strip_suffix(PACKED).map_or_else(|| format!("{name}{PACKED}"), str::to_owned))
    }
}

/// Returns the files that an agent with this home keeps its projects in: inside of it, or beside it
/// where it is the default one.
pub(super) fn beside(agent: &str, home: &Path) -> Vec<PathBuf> {
    const PROJECTS: &str = ".claude.json";
    if agent != "claude" {
        return Vec::new();
    }
    let is_default = home.file_name() == Some(OsStr::new(".claude"));
    let outside = home.parent().filter(|_| is_default).map(|above| above.join(PROJECTS));
    [home.join(PROJECTS)].into_iter().chain(outside).collect()
}

/// Returns whether a file of this name is compressed.
pub(super) fn is_packed(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(PACKED.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout of session files.
    fn of(agent: &str) -> &'static Layout {
        Layout::of(agent).find(|layout| !layout.is_history).unwrap()
    }

    fn takes(agent: &str, name: &str) -> bool {
        of(agent).takes(OsStr::new(name))
    }

    #[test]
    fn sessions_and_subagents_of_claude_are_taken() {
        assert!(takes("claude", "7cd4b1f0-0b0e-4d4e-9a43-0123456789ab.jsonl"));
        assert!(takes("claude", "agent-0123456789abcdef0.jsonl"));
    }

    #[test]
    fn what_claude_sets_aside_is_not_taken() {
        for name in [
            "journal.jsonl",
            "history.jsonl",
            "s.orphaned-1.jsonl",
            "s.jsonl.superseded-2",
            ".session-aliases",
            "sessions-index.json",
            "agent-1.meta.json",
            "1.key",
            ".jsonl",
            ".s.jsonl",
            "s.jsonl.zst",
        ] {
            assert!(!takes("claude", name), "{name}");
        }
    }

    #[test]
    fn only_rollouts_of_codex_are_taken() {
        assert!(takes("codex", "rollout-2026-11-01T00-00-00-x.jsonl"));
        assert!(takes("codex", "rollout-2026-11-01T00-00-00-x.jsonl.zst"));
        for name in ["history.jsonl", "session_index.jsonl", "auth.json", "rollout-x.jsonl.tmp"] {
            assert!(!takes("codex", name), "{name}");
        }
    }

    #[test]
    fn a_plain_and_a_compressed_file_are_counterparts() {
        let codex = of("codex");
        let other = |name| codex.counterpart(OsStr::new(name));
        assert_eq!(other("rollout-x.jsonl").as_deref(), Some("rollout-x.jsonl.zst"));
        assert_eq!(other("rollout-x.jsonl.zst").as_deref(), Some("rollout-x.jsonl"));
        assert_eq!(of("claude").counterpart(OsStr::new("s.jsonl")), None);
    }

    #[test]
    fn of_a_home_itself_nothing_but_the_history_is_taken() {
        for agent in ["claude", "codex"] {
            let home = Layout::of(agent).find(|layout| layout.is_history).unwrap();
            assert!(home.takes(OsStr::new("history.jsonl")));
            for name in ["auth.json", "x.jsonl", "history.jsonl.1", ".credentials.json"] {
                assert!(!home.takes(OsStr::new(name)), "{name}");
            }
            assert!(!home.enters(OsStr::new("projects")));
        }
    }

    #[test]
    fn directories_of_content_are_not_entered() {
        let claude = of("claude");
        assert!(claude.enters(OsStr::new("subagents")));
        assert!(!claude.enters(OsStr::new("tool-results")));
    }
}
