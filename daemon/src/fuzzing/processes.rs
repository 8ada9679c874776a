//! What the kernel tells of processes, and what their owners made of it: names, command lines,
//! environments, commands for a shell.

use std::path::{Component, Path};

use super::assert_no_control;
use crate::agents::{self, CATALOGUE, Image};
use crate::enrich::redact::grammar::{Command, Flag};
use crate::enrich::redact::{Grammar, value};
use crate::event::{AgentEnv, ENVIRONMENT, RawArgv, os_string};
use crate::procfs::{self, Stat};
use crate::shell;
use crate::source::proc_connector::frame::{self, Sequence};

/// Datagrams of the proc connector, one after the other: what is read of one depends on nothing
/// beyond the length that it states, and no loss is larger than the numbers between.
pub fn netlink_frame(bytes: &[u8]) {
    const DATAGRAM: usize = 76;
    let mut sequence = Sequence::default();
    for datagram in bytes.chunks(DATAGRAM) {
        let Ok(frame) = frame::parse(datagram) else { continue };
        let mut longer = datagram.to_vec();
        longer.extend_from_slice(b"what follows");
        assert_eq!(frame::parse(&longer), Ok(frame));
        let length = u32::from_ne_bytes(datagram[..4].try_into().expect("it has a header"));
        let length = usize::try_from(length).expect("it is not longer than the datagram");
        assert_eq!(frame::parse(&datagram[..length]), Ok(frame));
        if let Some(hole) = sequence.take(&frame) {
            assert!((1..=u64::from(u32::MAX / 2)).contains(&hole.missed));
        }
        assert!(sequence.take(&frame).is_none_or(|hole| hole.missed == 0), "one event twice");
    }
}

/// `/proc/PID/stat`: the same facts, whatever the program is called.
pub fn proc_stat(bytes: &[u8]) {
    let Some(stat) = procfs::parse_stat(bytes) else { return };
    let open = bytes.iter().position(|byte| *byte == b'(').expect("it was read");
    let close = bytes.iter().rposition(|byte| *byte == b')').expect("it was read");
    assert_eq!(stat.comm.as_encoded_bytes(), &bytes[open + 1..close]);
    let renamed = [&bytes[..=open], b") Z (9 (\n", &bytes[close..]].concat();
    let other = procfs::parse_stat(&renamed).expect("only the name differs");
    assert_eq!(Stat { comm: stat.comm.clone(), ..other }, stat);
}

/// `/proc/PID/cmdline`: nothing is kept that is not on a list or looks as its flag expects, and
/// nothing in the shape of a secret.
pub fn proc_cmdline(bytes: &[u8]) {
    let argv = RawArgv::from_cmdline(bytes.to_vec());
    let first = argv.get(0).map(os_string);
    let env = AgentEnv::default();
    let image =
        Image { exe: first.as_deref().map(Path::new), argv: &argv, script: None, env: &env };
    agents::recognise(&image);
    agents::script_argument(&image);
    agents::rules_out(first.as_deref().unwrap_or_default());
    for agent in CATALOGUE {
        if let Some(session) = agent.session_argument(&argv) {
            assert!(value::is_uuid(&session), "{session}");
        }
        let arguments = agent.arguments(&argv);
        assert!(arguments.argv.len() <= 257 && arguments.flags.len() <= 256);
        let (names, commands) = vocabulary(agent.grammar());
        for kept in &arguments.argv {
            assert_kept(kept, &names, &commands);
        }
        for kept in &arguments.flags {
            assert_no_control(kept);
            assert!(!value::holds_secret(kept.as_bytes()), "{kept}");
        }
    }
}

/// Asserts that an argument may stand.
fn assert_kept(kept: &str, names: &[&str], commands: &[&str]) {
    if names.contains(&kept) || commands.contains(&kept) {
        return;
    }
    assert_no_control(kept);
    assert!(!value::holds_secret(kept.as_bytes()), "{kept}");
    let has_name = names.iter().any(|name| kept.starts_with(name));
    assert!(!kept.starts_with('-') || has_name || matches!(kept, "-" | "--"), "{kept}");
    let is_length = kept.contains('<') && (kept.ends_with(" bytes>") || kept.ends_with(" more>"));
    let is_rooted = ["/", "./", "../", "~/"].iter().any(|root| kept.contains(root));
    let is_spaced = kept.contains(char::is_whitespace);
    assert!(is_length || !is_spaced || is_rooted, "{kept}");
}

/// Returns the names of all flags and commands.
fn vocabulary(grammar: &'static Grammar) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut groups: Vec<&'static [Flag]> = vec![grammar.everywhere];
    groups.extend(grammar.flags);
    let (mut commands, mut open): (Vec<_>, Vec<&Command>) =
        (Vec::new(), grammar.commands.iter().collect());
    while let Some(command) = open.pop() {
        commands.extend(command.names);
        groups.extend(command.flags);
        open.extend(command.commands);
    }
    let names = groups.into_iter().flatten().flat_map(|flag| flag.names);
    (names.copied().collect(), commands)
}

/// `/proc/PID/environ`: of all variables but those on the list nothing can be asked.
pub fn proc_environ(bytes: &[u8]) {
    let env = AgentEnv::from_environ(bytes);
    let told = env.telling();
    assert!(told.is_sorted());
    for entry in bytes.split(|byte| *byte == 0) {
        let name = entry.split(|byte| *byte == b'=').next().unwrap_or_default();
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let is_listed = ENVIRONMENT.binary_search(&name).is_ok();
        let value = env.get(name);
        assert!(is_listed || value.is_none_or(|value| value == "set"), "{name}");
        assert!(!told.contains(&name) || value.is_some(), "{name}");
    }
    assert!(!format!("{env:?}").contains('='), "values have no way out");
}

/// A command for a shell: paths that are absolute, plain and printable, and not too many.
pub fn shell_command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let reading = shell::read(&text, Path::new("/home/ann/src"), Some(Path::new("/home/ann")));
    assert!(reading.touches.len() <= shell::MAX_TOUCHES);
    let paths = reading.touches.iter().map(|touch| touch.path.as_path());
    for path in paths.chain(reading.cwd_after.as_deref()) {
        assert!(path.has_root(), "{path:?}");
        let is_plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        assert!(path.components().all(is_plain), "{path:?}");
        assert_no_control(&path.to_string_lossy());
        assert!(path.as_os_str().len() <= 4096, "{path:?}");
    }
}
