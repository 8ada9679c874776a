//! What the configuration adds.

use super::*;
use crate::event::AgentEnv;

fn programs(added: &[(&str, Option<&str>, Option<&str>)]) -> Programs {
    let program = |(path, role, interpreter): &(&str, Option<&str>, Option<&str>)| {
        let interpreter = interpreter.map(str::to_owned);
        Program::new("claude", (*path).to_owned(), *role, interpreter).unwrap()
    };
    let added: Vec<_> = added.iter().map(program).collect();
    Programs::new(&added, Path::new("/home/ada"))
}

fn seen(programs: &Programs, exe: &str, argv: &[&str]) -> Option<Role> {
    let argv = RawArgv::from_args(argv);
    let exe = Path::new(exe);
    let script = programs.script(layout::file_name(exe), &argv);
    let script = script.map(|script| PathBuf::from(crate::event::os_string(script.path)));
    let env = AgentEnv::default();
    let image = Image { exe: Some(exe), argv: &argv, script: script.as_deref(), env: &env };
    let found = programs.recognise(&image)?;
    assert!(programs.may_be(exe), "{exe:?}");
    assert_eq!((found.agent.name(), found.layout), ("claude", LAYOUT));
    Some(found.role)
}

#[test]
fn a_program_is_exactly_its_path() {
    let added =
        programs(&[("/opt/corp/ai/start", Some("wrapper"), None), ("~/bin/cl", None, None)]);
    assert_eq!(seen(&added, "/opt/corp/ai/start", &["start", "-p"]), Some(Role::Wrapper));
    assert_eq!(seen(&added, "/home/ada/bin/cl", &["cl", "-p"]), Some(Role::Agent));
    assert_eq!(seen(&added, "/home/ada/bin/cl", &["cl", "daemon", "run"]), Some(Role::Daemon));
    for other in ["/opt/corp/ai/stop", "/x/opt/corp/ai/start", "/home/bob/bin/cl", "/bin/cl"] {
        assert_eq!(seen(&added, other, &["cl"]), None, "{other}");
        assert!(!added.may_be(Path::new(other)), "{other}");
    }
}

#[test]
fn a_relative_path_is_the_end_of_one() {
    let added = programs(&[("ai/<version>/assistant-*", None, None)]);
    let exe = "/srv/ai/2.1.197/assistant-x64";
    assert_eq!(seen(&added, exe, &["a"]), Some(Role::Agent));
    assert_eq!(added.version(Path::new(exe)).as_deref(), Some("2.1.197"));
    assert_eq!(seen(&added, "/srv/ai/new/assistant-x64", &["a"]), None);
}

#[test]
fn a_script_is_known_by_path_and_interpreter() {
    let added = programs(&[("/opt/corp/claude.sh", Some("wrapper"), Some("bash"))]);
    let bash = "/usr/bin/bash";
    let script = "/opt/corp/claude.sh";
    assert_eq!(seen(&added, bash, &["/bin/bash", script, "-p"]), Some(Role::Wrapper));
    assert_eq!(seen(&added, bash, &["bash", "-eu", script]), Some(Role::Wrapper));
    for other in
        [&["bash"][..], &["bash", "-c", script], &["bash", "/x/claude.sh"], &["bash", "x", script]]
    {
        assert_eq!(seen(&added, bash, other), None, "{other:?}");
    }
    assert_eq!(seen(&added, "/usr/bin/dash", &["sh", script]), None);
}

#[test]
fn an_unread_program_may_be_one_by_its_cut_name() {
    let added = programs(&[
        ("/o/short", None, None),
        ("/o/corporate-assistant", None, None),
        ("/o/c*-assistant", None, None),
    ]);
    for comm in ["short", "corporate-assis", "c-assistant", "clearly-another"] {
        assert!(added.may_have_comm(comm.as_bytes()), "{comm}");
    }
    for comm in ["shorter", "short-and-longe", "bash", "", "corporate"] {
        assert!(!added.may_have_comm(comm.as_bytes()), "{comm}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_what_it_leads_to() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let (link, target) = (root.join("link"), root.join("start-1.2"));
    std::fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let added = programs(&[(link.to_str().unwrap(), None, None)]);
    assert_eq!(seen(&added, target.to_str().unwrap(), &["x"]), None);
    let found: Vec<_> = added.installed().into_iter().map(|install| install.exe).collect();
    assert_eq!(found, std::slice::from_ref(&target));
    assert_eq!(seen(&added, target.to_str().unwrap(), &["x"]), Some(Role::Agent));
}

#[test]
fn what_a_launcher_was_given_to_start_is_no_argument_of_the_agents() {
    let told = |argv: &[&str]| {
        let arguments = by_name("claude").unwrap().arguments(&RawArgv::from_args(argv));
        (arguments.mode, arguments.argv)
    };
    let program = "/home/ada/.local/share/claude/versions/2.1.201";
    let (mode, argv) = told(&["corp-start", program, "mcp", "serve"]);
    assert_eq!(
        (mode, argv),
        ("mcp-serve", ["<10 bytes>", program, "mcp", "serve"].map(Into::into).into())
    );
    let (mode, argv) = told(&["claude", "/home/ada/claude", "mcp", "serve"]);
    assert_eq!(mode, "interactive");
    assert_eq!(argv[1], "<16 bytes>", "a prompt is content, whatever it looks like");
}
