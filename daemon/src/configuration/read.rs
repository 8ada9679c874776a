//! Reading one file of a configuration: other people's, so it may be anything.
//!
//! Only regular files are opened, none of secrets is, and none is read beyond a bound.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeSeed as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trackway_protocol::ids::Timestamp;

use super::catalogue::{Format, Show};
use super::entry::{Digest, Entries, Entry};
use super::walk::Walk;
use crate::agents::{self, disk};
use crate::enrich::redact::{length, value};

/// Settings are read up to this size, in bytes.
const MOST: u64 = 4 << 20;
/// Files that agents write by themselves grow with every project.
const MOST_OF_STATE: u64 = 32 << 20;
/// Text of which only the hash is kept.
const MOST_OF_TEXT: u64 = 16 << 20;
/// What is written right now may be half a file: so long it is looked at again instead.
const YOUNG_MS: i64 = 500;
/// Longer than a tick of any file system's clock that is kept in memory.
const TICK_MS: i64 = 20;

/// A file as it was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Looked {
    pub(super) state: State,
    pub(super) sign: Option<Sign>,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<String>,
    pub(super) entries: Entries,
    /// Whether it may be that it was not written to its end.
    pub(super) is_young: bool,
    /// Whether it may be written again without a sign of it: its file system's clock goes by the tick.
    pub(super) is_fresh: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    Present,
    #[default]
    Absent,
    Unreadable(String),
}

impl State {
    /// Returns the word that records use for it.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// By what a file is known to be the same, and unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    file: [u64; 2],
    size: u64,
    times: [i64; 4],
    mode: u32,
    link: Option<PathBuf>,
}

impl Looked {
    /// Returns when the file came to be as it is: a file that was put in the place of another one may
    /// have been modified long before.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let [_, _, seconds, nanoseconds] = self.sign.as_ref()?.times;
        let ms = seconds.checked_mul(1000)?.checked_add(nanoseconds / 1_000_000)?;
        if ms == 0 { self.modified_at } else { Some(Timestamp::from_ms(ms)) }
    }
}

/// Looks at a file's name, and follows links; none where nothing is there.
pub(super) fn sign(path: &Path) -> Result<Option<(Sign, Metadata)>, io::Error> {
    let own = match fs::symlink_metadata(path) {
        Ok(own) => own,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let link = if own.is_symlink() { fs::read_link(path).ok() } else { None };
    let meta = if own.is_symlink() { fs::metadata(path)? } else { own };
    Ok(Some((Sign::of(&meta, link), meta)))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
impl Sign {
    fn of(meta: &Metadata, link: Option<PathBuf>) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            file: [meta.dev(), meta.ino()],
            size: meta.len(),
            times: [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()],
            mode: meta.mode(),
            link,
        }
    }

    /// Returns the permission bits, in the digits that people know.
    fn mode(&self) -> Option<String> {
        Some(format!("{:04o}", self.mode & 0o7777))
    }
}

#[cfg(not(unix))]
impl Sign {
    fn of(meta: &Metadata, link: Option<PathBuf>) -> Self {
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let ms = modified.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        Self { file: [0, 0], size: meta.len(), times: [ms, 0, 0, 0], mode: 0, link }
    }

    /// Permissions are no bits here.
    fn mode(&self) -> Option<String> {
        None
    }
}

/// Reads a file that has this sign.
pub(super) fn read(path: &Path, format: Format, salt: &[u8]) -> Looked {
    let (sign, meta) = match sign(path) {
        Ok(Some(found)) => found,
        Ok(None) => return Looked::default(),
        Err(error) => {
            let state = State::Unreadable(reason(&error));
            return Looked { state, ..Looked::default() };
        }
    };
    let modified_at = meta.modified().ok().and_then(timestamp);
    let mut looked = Looked {
        state: State::Present,
        modified_at,
        size: Some(meta.len()),
        is_young: modified_at.is_some_and(|at| Timestamp::now().ms() - at.ms() < YOUNG_MS),
        ..Looked::default()
    };
    match contents(path, &meta, format, salt) {
        Ok((sha256, entries)) => (looked.sha256, looked.entries) = (sha256, entries),
        Err(why) => looked.state = State::Unreadable(why),
    }
    let mut of_file = |name: &str, value: String| {
        let digest = Digest::of(salt, &[value.as_bytes()]);
        let key = vec![name.to_owned()];
        let shown = Some(Value::from(value));
        let entry = Entry { key, is_member: false, shown, digest };
        looked.entries.entries.push(entry);
    };
    // Of settings it is told only where others than the owner may write them.
    let is_open = meta.is_file() && sign.mode & 0o002 != 0;
    if let Some(mode) = sign.mode().filter(|_| is_open || matches!(format, Format::Secret)) {
        of_file("@mode", mode);
    }
    if let Some(link) = &sign.link {
        let text = link.to_string_lossy();
        let is_path = value::is_path(text.as_bytes(), 0);
        of_file("@link", if is_path { text.into_owned() } else { length(text.as_bytes()) });
    }
    if let (Format::Hash, Some(sha256)) = (format, &looked.sha256) {
        let digest = Digest::of(salt, &[sha256.as_bytes()]);
        let shown = looked.size.map(Value::from);
        let key = vec!["@content".to_owned()];
        let entry = Entry { key, is_member: false, shown, digest };
        looked.entries.entries.push(entry);
    }
    looked.entries.entries.sort_by(Entry::order);
    looked.sign = Some(sign);
    let tick = Timestamp::now().ms() - TICK_MS;
    looked.is_fresh = looked.changed_at().is_some_and(|at| at.ms() >= tick);
    looked
}

type Contents = (Option<String>, Entries);

fn contents(path: &Path, meta: &Metadata, format: Format, salt: &[u8]) -> Result<Contents, String> {
    if !meta.is_file() {
        return Err(kind(meta).to_owned());
    }
    if !matches!(format, Format::Secret) && path.is_symlink() && leads_to_secrets(path) {
        return Err("it is a link to a file of secrets".to_owned());
    }
    let most = match format {
        Format::Secret => return Ok(Contents::default()),
        Format::Json(_) | Format::Toml(_) => MOST,
        Format::JsonOnly(_) => MOST_OF_STATE,
        Format::Hash => MOST_OF_TEXT,
    };
    let too_large = |size: u64| format!("it has {size} bytes, and only {most} are read");
    if meta.len() > most {
        return Err(too_large(meta.len()));
    }
    let file = disk::open(path).map_err(|error| reason(&error))?;
    let opened = file.metadata().map_err(|error| reason(&error))?;
    // It may have become another one since.
    if !opened.is_file() {
        return Err(kind(&opened).to_owned());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if bytes.len() as u64 > most {
        return Err(too_large(bytes.len() as u64));
    }
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let entries = parse(&bytes, format, salt)?;
    Ok((Some(sha256), entries))
}

pub(super) fn parse(bytes: &[u8], format: Format, salt: &[u8]) -> Result<Entries, String> {
    let mut entries = Entries::default();
    match format {
        Format::Json(keys) => json(bytes, Walk::new(&mut entries, salt, keys, Show::Hidden))?,
        Format::JsonOnly(keys) => json(bytes, Walk::new(&mut entries, salt, keys, Show::Ignored))?,
        Format::Toml(keys) => toml(bytes, Walk::new(&mut entries, salt, keys, Show::Hidden))?,
        Format::Hash | Format::Secret => {}
    }
    name(&mut entries, salt);
    let Entries { left_out, twice, .. } = entries;
    for (name, count) in [("@left-out", left_out), ("@twice", twice)] {
        if count > 0 {
            let (key, shown) = (vec![name.to_owned()], Some(Value::from(count)));
            let digest = Digest::of(salt, &[&count.to_le_bytes()]);
            entries.entries.push(Entry { key, is_member: false, shown, digest });
        }
    }
    Ok(entries)
}

/// Shows the names of what the same file describes under a key of its own.
fn name(Entries { entries, names, .. }: &mut Entries, salt: &[u8]) {
    let described =
        entries.iter().filter_map(|entry| entry.key.get(1).filter(|_| entry.key.len() > 2));
    let digests = described.map(|name| (Digest::of_text(salt, name), name.clone()));
    let described: BTreeMap<Digest, String> = digests.collect();
    for entry in entries.iter_mut().filter(|entry| names.contains(&entry.key)) {
        let name = described.get(&entry.digest).map(|name| Value::from(&**name));
        entry.shown = entry.shown.take().or(name);
    }
}

fn json(bytes: &[u8], walk: Walk<'_>) -> Result<(), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    // Of the parser's own words only the place is told: the others may quote the file.
    let place = |error: &serde_json::Error| {
        format!("it is no valid JSON, at line {}, column {}", error.line(), error.column())
    };
    let mut input = serde_json::Deserializer::from_slice(bytes);
    walk.deserialize(&mut input).and_then(|()| input.end()).map_err(|error| place(&error))
}

fn toml(bytes: &[u8], walk: Walk<'_>) -> Result<(), String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is no valid UTF-8, at byte {}", error.valid_up_to()))?;
    let place = |error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = &text.as_bytes()[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("it is no valid TOML, at line {line}, column {column}")
    };
    let input = toml::Deserializer::parse(text).map_err(|error| place(&error))?;
    walk.deserialize(input).map_err(|error| place(&error))
}

/// Whether a link leads to a file that is never opened: a repository may have put it there.
fn leads_to_secrets(link: &Path) -> bool {
    const KEYS: &[&str] = &[".aws", ".gnupg", ".kube", ".netrc", ".ssh"];
    let Ok(target) = link.canonicalize() else { return false };
    let name = target.file_name().unwrap_or_default().as_encoded_bytes();
    let secrets = agents::CATALOGUE.iter().flat_map(|agent| agent.configuration().files);
    let mut secrets = secrets.filter(|rule| matches!(rule.format, Format::Secret));
    let is_key = |part: &std::ffi::OsStr| KEYS.iter().any(|key| part == *key);
    target.iter().any(is_key)
        || secrets.any(|rule| {
            agents::layout::fits(rule.path.rsplit('/').next().unwrap_or_default(), name)
        })
}

/// Says what is wrong with a file without repeating its name.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "what it links to is not there".to_owned(),
        _ => error.to_string(),
    }
}

/// Says what a file is that is none.
fn kind(meta: &Metadata) -> &'static str {
    if meta.is_dir() { "it is a directory" } else { "it is a pipe, a device or a socket" }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_ms(i64::try_from(since.as_millis()).ok()?))
}
