//! Where an agent's programs lie: data, and the little matching that it needs.
//!
//! A layout is the *end* of a path, because prefixes differ between machines and suffixes do not.
//! Each component is a literal, has one `*` (any text), is `<version>`, or is `<version?>`: any
//! text, and the version where it is one. The names of package managers' directories are part of
//! a layout; which editor's an extension is, its path in the record tells.
//!
//! # Paths of Windows
//!
//! A path that begins with a drive or with `\\` is cut at backslashes too, on every platform: so the
//! catalogue is one, and is tested on one. Elsewhere a backslash is part of a name.
//!
//! # What counts as evidence
//!
//! A package layout is proof. A file that merely has the agent's name ([`Plain`]) is not: it counts
//! where people unpack release archives (`~/.local/bin`, `/usr/local/bin` …), or where its
//! environment or its first argument is one that only the agent has. A program called `codex` in
//! somebody's build directory, run without arguments, is therefore no launch.

use std::ffi::OsStr;
use std::path::Path;

use super::interpreter::{self, Interpreter};
use super::{Image, Role, user};

/// One place where a program of an agent lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// How it was installed.
    pub(crate) name: &'static str,
    /// What the program is to its agent, whatever its arguments.
    pub(crate) role: Role,
    /// The end of its path.
    pub(crate) path: &'static str,
}

/// A program that is known by its file name alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    pub(crate) name: &'static str,
    /// Variables that only the agent's own launchers set.
    pub(crate) variables: &'static [&'static str],
    /// First arguments that only the agent knows.
    pub(crate) words: &'static [&'static str],
}

/// A file beside a program, or above it, that tells the program's version.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Package {
    /// JSON: `version` is the key to read where `owner` has a value that fits one of `owners`.
    Json {
        file: &'static str,
        owner: &'static str,
        owners: &'static [&'static str],
        version: &'static str,
    },
    /// Text, beside programs of one layout: the version follows `after`.
    Text { layout: &'static str, file: &'static str, after: &'static str },
}

/// Everything by which an agent's processes are known.
#[derive(Debug)]
pub(crate) struct Signs {
    /// A word that every path of the agent's programs contains.
    pub(crate) word: &'static str,
    /// Names, cut to 15 bytes, that the kernel may show for its processes.
    pub(crate) comms: &'static [&'static str],
    /// Programs that the kernel executes.
    pub(crate) programs: &'static [Layout],
    /// Scripts that an interpreter runs.
    pub(crate) scripts: &'static [Layout],
    /// File names under which such a script is started.
    pub(crate) script_names: &'static [&'static str],
    pub(crate) plain: Plain,
    /// Where to look for a version that the path does not tell.
    pub(crate) packages: &'static [Package],
    /// Programs below a home directory.
    pub(crate) below_home: &'static [&'static str],
    /// Programs beside a directory of `PATH`.
    pub(crate) beside_path: &'static [&'static str],
    /// Programs beside the directory of a script.
    pub(crate) beside_script: &'static [&'static str],
}

impl Signs {
    /// Finds the place where a process's program lies.
    pub(crate) fn find(&self, image: &Image<'_>) -> Option<Layout> {
        let exe = image.exe?;
        match interpreter::of(exe, image.argv) {
            None => self.program(exe).or_else(|| self.plain(exe, image)),
            Some(interpreter) => {
                let script = image.script?;
                let layout = self.scripts.iter().find(|layout| layout.matches(script))?;
                // `env` only becomes what it was asked to start.
                let becomes = interpreter == Interpreter::Env;
                Some(Layout { role: if becomes { Role::Wrapper } else { layout.role }, ..*layout })
            }
        }
    }

    /// Finds the package layout of a program.
    pub(crate) fn program(&self, exe: &Path) -> Option<Layout> {
        self.programs.iter().copied().find(|layout| layout.matches(exe))
    }

    /// Finds the package layout of a program or of a script.
    pub(crate) fn place(&self, path: &Path) -> Option<Layout> {
        let script = || self.scripts.iter().copied().find(|layout| layout.matches(path));
        self.program(path).or_else(script)
    }

    /// Whether a program is the agent's by its package layout, or by its name alone. Enough where
    /// something else already ties the process to the agent.
    pub(crate) fn may_be_program(&self, exe: &Path) -> bool {
        file_name(exe) == self.plain.name.as_bytes()
            || self.program(exe).is_some()
            || user::programs().is_agents(exe)
    }

    fn plain(&self, exe: &Path, image: &Image<'_>) -> Option<Layout> {
        let Plain { name, variables, words } = self.plain;
        let proven = || {
            let word = image.argv.get(1).unwrap_or_default();
            variables.iter().any(|variable| image.env.get(variable).is_some())
                || words.iter().any(|known| known.as_bytes() == word)
        };
        let known = file_name(exe) == name.as_bytes()
            && (is_usual_place(exe, image.env.get("HOME")) || proven());
        // Only the system's own packages put programs there.
        let packaged = exe.parent() == Some(Path::new("/usr/bin"));
        let layout = if packaged { "system" } else { "binary" };
        known.then_some(Layout { name: layout, role: Role::Agent, path: name })
    }

    /// Returns the version that the path of a program names.
    pub(crate) fn version_in_path(&self, exe: &Path) -> Option<String> {
        version_in_path(self.program(exe)?.path, exe)
    }
}

impl Layout {
    /// Whether a path ends as this layout says.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        ends_with(path, self.path)
    }
}

const VERSION: &str = "<version>";
const PERHAPS_VERSION: &str = "<version?>";

/// Whether a path ends with components that fit those of a pattern.
pub(crate) fn ends_with(path: &Path, pattern: &str) -> bool {
    let mut texts = components(path).rev();
    pattern.rsplit('/').all(|part| texts.next().is_some_and(|text| fits(part, without_exe(text))))
}

/// Returns the version in a path that ends with such a pattern.
pub(crate) fn version_in_path(pattern: &str, path: &Path) -> Option<String> {
    let mut pairs = pattern.rsplit('/').zip(components(path).rev());
    let (_, text) = pairs.find(|(part, _)| [VERSION, PERHAPS_VERSION].contains(part))?;
    version(without_exe(text)).map(str::to_owned)
}

/// Returns the names in a path, the first one first.
pub(crate) fn components(path: &Path) -> impl DoubleEndedIterator<Item = &[u8]> {
    split(path.as_os_str().as_encoded_bytes()).filter(|name| !name.is_empty())
}

/// Cuts a path at its separators.
pub(crate) fn split(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let windows = matches!(path, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
        || path.starts_with(b"\\\\");
    path.split(move |byte| *byte == b'/' || (windows && *byte == b'\\'))
}

/// Whether a name fits a pattern: a literal, with one `*`, `<version>` or `<version?>`.
pub(crate) fn fits(pattern: &str, text: &[u8]) -> bool {
    match pattern.split_once('*') {
        _ if pattern == VERSION => version(text).is_some(),
        _ if pattern == PERHAPS_VERSION => true,
        None => pattern.as_bytes() == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len()
                && text.starts_with(start.as_bytes())
                && text.ends_with(end.as_bytes())
        }
    }
}

/// Reads `2.1.197`, or the `0.169.0` of `0.169.0-linux-x64`, `0.169.0-x86_64-unknown-linux-musl` and
/// Homebrew's `0.169.0_1`.
pub(crate) fn version(text: &[u8]) -> Option<&str> {
    const ENDS: &[&str] =
        &["-linux-", "-darwin-", "-win32-", "-android-", "-x86_64-", "-aarch64-", "_"];
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= 64)?;
    let end = ENDS.iter().filter_map(|end| text.find(end)).min();
    let version = &text[..end.unwrap_or(text.len())];
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    let mut numbers = version.splitn(3, '.');
    let number = |text: Option<&str>| {
        text.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbered = number(numbers.next())
        && number(numbers.next())
        && numbers.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (numbered && version.bytes().all(allowed)).then_some(version)
}

/// Returns the last component of a path, without `.exe`: the npm package calls its program so on
/// every platform.
pub(crate) fn file_name(path: &Path) -> &[u8] {
    without_exe(components(path).next_back().unwrap_or_default())
}

pub(crate) fn without_exe(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".exe").unwrap_or(name)
}

/// Whether a program lies where people put a single downloaded program.
pub(crate) fn is_usual_place(exe: &Path, home: Option<&OsStr>) -> bool {
    const SYSTEM: &[&str] = &["/usr/bin", "/usr/local/bin"];
    const HOME: &[&str] = &[".local/bin", "bin", ".cargo/bin"];
    let Some(directory) = exe.parent() else { return false };
    let below_opt = directory.starts_with("/opt") && directory.ends_with("bin");
    let in_home = home.is_some_and(|home| {
        directory.strip_prefix(home).is_ok_and(|rest| HOME.iter().any(|usual| rest == *usual))
    });
    below_opt || in_home || SYSTEM.iter().any(|usual| directory == Path::new(usual))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout(path: &'static str) -> Layout {
        Layout { name: "test", role: Role::Agent, path }
    }

    #[test]
    fn a_layout_is_the_end_of_a_path() {
        let npm = layout("@openai/codex-*/vendor/*/bin/codex");
        assert!(npm.matches(Path::new("/n/@openai/codex-linux-x64/vendor/x86_64-musl/bin/codex")));
        assert!(!npm.matches(Path::new("/n/@openai/codex/vendor/x86_64-musl/bin/codex")));
        assert!(!npm.matches(Path::new("/n/@openai/codex-linux-x64/vendor/x86_64/bin/codex/x")));
        assert!(!npm.matches(Path::new("bin/codex")));
        assert!(!npm.matches(Path::new("/")));
    }

    #[test]
    fn a_path_of_windows_is_cut_at_backslashes_and_no_other() {
        let native = layout("*:/Users/*/.local/bin/claude");
        assert!(native.matches(Path::new(r"C:\Users\Ada L\.local\bin\claude.exe")));
        assert!(native.matches(Path::new("C:/Users/ada/.local/bin/claude.exe")));
        assert!(layout("bin/claude").matches(Path::new(r"\\server\tools\bin\claude.exe")));
        assert!(!layout("bin/claude").matches(Path::new(r"/tmp/bin\claude")));
        assert_eq!(file_name(Path::new(r"/tmp/a\claude")), br"a\claude");
    }

    #[test]
    fn a_version_may_be_missing_where_the_layout_says_so() {
        let cask = layout("Caskroom/claude-code*/<version?>/claude");
        let version = |path: &str| {
            let path = Path::new(path);
            cask.matches(path).then(|| version_in_path(cask.path, path))
        };
        assert_eq!(version("/o/Caskroom/claude-code/2.1.7/claude"), Some(Some("2.1.7".into())));
        assert_eq!(version("/o/Caskroom/claude-code@latest/latest/claude"), Some(None));
        assert_eq!(version("/o/Caskroom/other/2.1.7/claude"), None);
    }

    #[test]
    fn a_program_may_be_called_exe_on_every_platform() {
        let npm = layout("@anthropic-ai/claude-code/bin/claude");
        assert!(npm.matches(Path::new("/n/@anthropic-ai/claude-code/bin/claude.exe")));
        assert!(npm.matches(Path::new("/n/@anthropic-ai/claude-code/bin/claude")));
    }

    #[test]
    fn a_version_has_three_numbers_and_no_platform() {
        assert_eq!(version(b"2.1.197"), Some("2.1.197"));
        assert_eq!(version(b"0.169.0-linux-x64"), Some("0.169.0"));
        assert_eq!(version(b"0.170.0-alpha.3-darwin-arm64"), Some("0.170.0-alpha.3"));
        assert_eq!(version(b"0.169.0-x86_64-unknown-linux-musl"), Some("0.169.0"));
        assert_eq!(version(b"0.20.0_1"), Some("0.20.0"));
        for wrong in ["current", "2.1", "2.1.", "v2.1.1", "2.1.x", "2.1.1 rm", "2..1"] {
            assert_eq!(version(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_usual_place_is_exactly_that_directory() {
        let home = Some(OsStr::new("/home/ada"));
        for usual in ["/usr/local/bin/codex", "/home/ada/.local/bin/codex", "/opt/x/bin/codex"] {
            assert!(is_usual_place(Path::new(usual), home), "{usual}");
        }
        for other in ["/tmp/bin/codex", "/home/ada/src/codex/bin/codex", "/home/bob/bin/codex"] {
            assert!(!is_usual_place(Path::new(other), home), "{other}");
        }
    }

    proptest! {
        #[test]
        fn matching_never_panics(pattern in ".{0,20}", text in proptest::collection::vec(any::<u8>(), 0..30)) {
            fits(&pattern, &text);
            version(&text);
        }
    }
}
