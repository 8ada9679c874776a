//! What has to be read from the disk to know an agent: package files, configuration, installs.
//!
//! Nothing here runs a program. Files are other people's: only regular ones are read, up to a limit,
//! and a pipe in place of a file must not make the daemon wait.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::layout::{self, Package, Signs};
use super::{Install, Role};

/// The largest package or configuration file that is read.
const MAX_FILE: u64 = 1 << 20;

/// How many entries of a directory are looked at for one `*`; Python's have some thousands.
const MAX_ENTRIES: usize = 8192;

/// How far above a program its package file may lie.
const MAX_ABOVE: usize = 6;

/// Reads a regular file of at most 1 MiB as text.
pub(crate) fn read_text(path: &Path) -> Option<String> {
    // Looked at before it is opened, because opening a device may already do something.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let file = open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= MAX_FILE).then_some(text)
}

/// Opens a file that may turn out to be a pipe by the time that it is opened.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// Opens a file.
#[cfg(not(unix))]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Reads the version of a program: from its path, else from the nearest package file above it that
/// is the agent's.
pub(crate) fn version(signs: &Signs, program: &Path) -> Option<String> {
    signs.version_in_path(program).or_else(|| {
        let name = signs.place(program).map(|layout| layout.name);
        let applies = |package: &&Package| match package {
            Package::Json { .. } => true,
            Package::Text { layout, .. } => Some(*layout) == name,
        };
        let directories = program.ancestors().skip(1).take(MAX_ABOVE);
        let within = directories.take_while(|directory| !directory.ends_with("node_modules"));
        within.into_iter().find_map(|directory| {
            let mut packages = signs.packages.iter().filter(applies);
            packages.find_map(|package| package_version(package, directory))
        })
    })
}

/// Reads the version from one of the files that may tell it.
fn package_version(package: &Package, directory: &Path) -> Option<String> {
    match package {
        Package::Json { file, owner, owners, version } => {
            let text = read_text(&directory.join(file))?;
            let package: serde_json::Value = serde_json::from_str(&text).ok()?;
            let name = package.get(owner)?.as_str()?.as_bytes();
            owners.iter().find(|pattern| layout::fits(pattern, name))?;
            layout::version(package.get(version)?.as_str()?.as_bytes()).map(str::to_owned)
        }
        Package::Text { file, after, .. } => {
            let text = read_text(expand(directory, file).first()?)?;
            let (_, rest) = text.split_once(after)?;
            let allowed = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
            let end = rest.find(|c| !allowed(c)).unwrap_or(rest.len());
            layout::version(&rest.as_bytes()[..end]).map(str::to_owned)
        }
    }
}

/// Finds an agent's programs below a home directory and beside the directories of `PATH`.
pub(crate) fn installed(
    agent: &'static str,
    signs: &Signs,
    home: &Path,
    path: &[PathBuf],
) -> Vec<Install> {
    let mut found = expand_all(home, signs.below_home);
    for directory in path {
        found.extend(expand_all(directory, signs.beside_path));
    }
    let scripts = found.iter().filter(|file| signs.scripts.iter().any(|s| s.matches(file)));
    let native = scripts
        .filter_map(|script| script.parent())
        .flat_map(|directory| expand_all(directory, signs.beside_script))
        .collect::<Vec<_>>();
    let known = |file: &PathBuf| {
        let usual = layout::file_name(file) == signs.plain.name.as_bytes()
            && layout::is_usual_place(file, Some(home.as_os_str()));
        let known = signs.program(file).map_or(usual, |layout| layout.role != Role::Machinery);
        known && !is_script(file)
    };
    let programs = found.into_iter().chain(native).filter(known).collect::<BTreeSet<_>>();
    programs.into_iter().map(|exe| Install { agent, version: version(signs, &exe), exe }).collect()
}

/// Whether a program is a script, of which the kernel executes the interpreter.
fn is_script(file: &Path) -> bool {
    let mut start = [0; 2];
    open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

fn expand_all(root: &Path, patterns: &[&str]) -> Vec<PathBuf> {
    patterns.iter().flat_map(|pattern| expand(root, pattern)).collect()
}

/// Returns the canonical paths of the regular files that a pattern means.
pub(crate) fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut paths = vec![root.to_owned()];
    for component in pattern.split('/') {
        paths = paths.iter().flat_map(|directory| step(directory, component)).collect();
    }
    paths
        .into_iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .filter(|path| fs::metadata(path).is_ok_and(|metadata| metadata.is_file()))
        .collect()
}

fn step(directory: &Path, component: &str) -> Vec<PathBuf> {
    if !component.contains(['*', '<']) {
        return vec![directory.join(component)];
    }
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .take(MAX_ENTRIES)
        .filter_map(Result::ok)
        .filter(|entry| layout::fits(component, entry.file_name().as_encoded_bytes()))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(root: &Path, path: &str, text: &str) -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn only_a_regular_file_of_bounded_size_is_read() {
        let root = tempfile::tempdir().unwrap();
        let small = file(root.path(), "small", "text");
        assert_eq!(read_text(&small).as_deref(), Some("text"));
        let large = file(root.path(), "large", &"x".repeat((1 << 20) + 1));
        assert_eq!(read_text(&large), None);
        assert_eq!(read_text(root.path()), None);
        assert_eq!(read_text(&root.path().join("absent")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_in_place_of_a_file_does_not_hang() {
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("package.json");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read_text(&pipe), None);
        assert!(open(&pipe).is_ok(), "even where it became a pipe only just now");
    }

    #[test]
    fn a_star_means_one_directory() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let one = file(&root, "packages/a/releases/1.2.3/bin/codex", "");
        file(&root, "packages/a/b/releases/1.2.3/bin/codex", "");
        assert_eq!(expand(&root, "packages/*/releases/*/bin/codex"), vec![one.clone()]);
        assert_eq!(expand(&root, "packages/*/releases/<version>/bin/codex"), vec![one]);
        assert!(expand(&root, "packages/*").is_empty(), "directories are no programs");
    }
}
