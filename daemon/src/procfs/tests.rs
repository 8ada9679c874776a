use std::process::{Command, Stdio};

use super::*;

#[test]
fn a_comm_with_brackets_and_spaces_does_not_shift_the_fields() {
    let stat =
        parse_stat(b"42 (a) Z (b\n) S 7 1 1 34818 0 0 0 0 0 0 0 0 0 0 20 0 1 0 550617 0").unwrap();
    assert_eq!(stat.comm, OsStr::new("a) Z (b\n"));
    assert_eq!((stat.ppid, stat.start_ticks, stat.zombie), (7, 550_617, false));
    assert_eq!(stat.environment, None, "the line ends before");
    assert_eq!(stat.tty, Tty::Named("pts/2".into()));
}

#[test]
fn where_the_environment_lies_is_told_or_not_known() {
    let of = |begin: &str| {
        let zeros = "0 ".repeat(24);
        let stat = format!(
            "42 (a) S 7 1 1 34818 0 0 0 0 0 0 0 0 0 0 20 0 1 0 5 {zeros}1 2 3 {begin} 900 0"
        );
        parse_stat(stat.as_bytes()).unwrap().environment
    };
    assert_eq!([of("800"), of("0")], [Some([800, 900]), None]);
}

#[test]
fn half_a_stat_is_none() {
    for bytes in [&b""[..], b"42 (x", b"42 )x(", b"42 (x) S 7", b"42 (x) S \xff"] {
        assert_eq!(parse_stat(bytes), None);
    }
}

#[test]
fn this_process_can_be_read() {
    let proc = Procfs::open().unwrap();
    let pid = std::process::id();
    let mut buffer = [0; 4096];
    let Exe::Path(exe) = proc.exe(pid, &mut buffer) else { panic!("own exe is readable") };
    let facts = proc.facts(pid, Some(exe));
    assert_eq!(facts.exe, std::env::current_exe().ok());
    assert_eq!(facts.cwd, std::env::current_dir().ok());
    assert_eq!(facts.other_namespace, Some(false));
    assert!(facts.start_ticks.unwrap() > 0);
    assert_eq!(proc.is_own(pid), Some(true));
    assert_eq!(proc.living_thread(pid), Some(pid));
    assert!(proc.processes().unwrap().iter().any(|(listed, _)| *listed == pid));
    assert!(!proc.ancestors(facts.ppid).is_empty());
    let exe = facts.exe.unwrap();
    assert_eq!(proc.resolve_within(pid, &exe), Some(exe));
    assert_eq!(proc.resolve_within(pid, Path::new("/nowhere")), None);
}

#[test]
fn only_files_that_are_open_for_writing_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let [read, written] = ["read", "written"].map(|name| dir.path().join(name));
    std::fs::write(&read, "").unwrap();
    let _read = std::fs::File::open(&read).unwrap();
    let _written = std::fs::File::create(&written).unwrap();
    let told = Procfs::open().unwrap().written(std::process::id());
    assert!(told.contains(&written) && !told.contains(&read), "{told:?}");
    assert!(Procfs::open().unwrap().written(u32::MAX).is_empty());
}

#[test]
fn an_environment_is_the_program_s_own_or_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("again");
    std::fs::write(&script, "exec /bin/sh \"$0\"\n").unwrap();
    let proc = Procfs::open().unwrap();
    let mut child =
        Command::new("/bin/sh").arg(&script).env("CODEX_THREAD_ID", "t").spawn().unwrap();
    let envs: Vec<_> = (0..5000).map(|_| proc.facts(child.id(), None).env).collect();
    let has_mark = |env: &AgentEnv| env.get("CODEX_THREAD_ID").is_some();
    let is_wrong = |env: &Option<AgentEnv>| env.as_ref().is_some_and(|env| !has_mark(env));
    let wrong = envs.iter().filter(|env| is_wrong(env)).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(envs.iter().flatten().count() > 0, "mostly it can be read");
    assert_eq!(wrong, 0, "it never runs without the mark");

    let mut bare = Command::new("/bin/cat").env_clear().stdin(Stdio::piped()).spawn().unwrap();
    while proc.argv(bare.id()).is_none_or(|argv| argv.get(0) != Some(b"/bin/cat")) {
        std::thread::yield_now();
    }
    let facts = proc.facts(bare.id(), None);
    assert_eq!((facts.env, facts.is_becoming), (Some(AgentEnv::default()), false));
    bare.kill().unwrap();
    bare.wait().unwrap();
}

#[test]
fn a_process_that_is_gone_has_no_facts() {
    let mut child = Command::new("true").spawn().unwrap();
    let proc = Procfs::open().unwrap();
    while !proc.stat(child.id()).unwrap().zombie {
        std::thread::yield_now();
    }
    let facts = proc.facts(child.id(), None);
    assert!(!facts.is_becoming, "it has ended, and becomes nothing");
    child.wait().unwrap();
    let facts = proc.facts(child.id(), None);
    assert_eq!((facts.cwd, facts.ppid, facts.argv), (None, None, None));
    assert_eq!(proc.is_own(child.id()), None);
    assert_eq!(proc.living_thread(child.id()), None);
}
