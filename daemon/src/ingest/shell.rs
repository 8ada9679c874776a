//! Shell commands as session files' readers want them: read in memory, and forgotten.

use std::path::Path;

use crate::session::{How, ShellReading, ShellTouch};
use crate::shell::{self, Likelihood, Target};

/// Reads a command that runs in a directory. What holds only under a condition is not told, and
/// counts as unresolved, as does what a program does by itself.
pub(crate) fn read(command: &str, cwd: &Path, home: Option<&Path>) -> ShellReading {
    let reading = shell::read(command, cwd, home);
    let (stated, possible): (Vec<_>, Vec<_>) =
        reading.touches.into_iter().partition(|touch| touch.likelihood == Likelihood::Stated);
    let untold: u32 = reading.unresolved.iter().map(|(_, count)| count).sum();
    let possible = u32::try_from(possible.len()).unwrap_or(u32::MAX);
    let touches = stated.into_iter().map(|touch| ShellTouch {
        how: how(touch.how),
        is_dir: matches!(touch.target, Target::Directory | Target::Within)
            || matches!(touch.how, shell::How::Chdir | shell::How::Command),
        path: touch.path,
    });
    ShellReading {
        touches: touches.collect(),
        cwd_after: reading.cwd_after,
        unresolved: untold.saturating_add(possible),
    }
}

fn how(how: shell::How) -> How {
    match how {
        shell::How::Read => How::Read,
        shell::How::Write => How::Write,
        shell::How::Create => How::Create,
        shell::How::Delete => How::Delete,
        shell::How::Rename => How::Rename,
        shell::How::Search => How::Search,
        shell::How::Chdir | shell::How::Command => How::Work,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_no_access_and_a_directory_is_no_file() {
        let reading = read("cd /b && cat x; test -f y && rm y", Path::new("/a"), None);
        let told: Vec<_> = reading.touches.iter().map(|it| (it.how, it.is_dir)).collect();
        assert_eq!(told, [(How::Work, true), (How::Read, false)]);
        assert!(reading.unresolved > 0);
    }
}
