//! The nearest telling ancestor of a launch: what a reader wants to see as "started from".
//!
//! Ancestors are walked from the parent outward, each looked up by name in one table. The first
//! one that *tells* is the answer: a multiplexer, an editor, another agent, a scheduler, a CI
//! runner. What only passes a command on (`sudo`, `timeout`, `make`, `npm` …) and programs that the
//! table does not know are skipped.
//!
//! * A **shell** tells only where nothing better does: nearly every launch has one, and "zsh below
//!   tmux" is tmux to whoever looks for the window.
//! * A **terminal** (an emulator, a login on a console, the desktop itself) ends the walk. The answer
//!   is the shell inside it, or `desktop` where there is none.
//! * A **remote login** ends it too and is the answer, but for what the environment says.
//! * A **service manager** tells only as the direct parent, with nothing but shells and passers-on
//!   between. Further out it is the ancestor of everything; and a terminal that the table does not
//!   know would otherwise make a person's launch a service.
//! * The **environment** speaks where the ancestors do not: CI variables (a runner in a container is
//!   not above us), and the terminal's own name (an editor's remote server is just `node`). It is
//!   inherited and may be stale, so an ancestor that tells always wins; and a bare `CI=1`, which
//!   people set to silence a program, does not count in a terminal.
//! * Where nothing tells, the answer is the nearest ancestor that is no passer-on, as `other`.

use std::ffi::OsStr;

use trackway_protocol::record::Launcher;

use crate::event::{AgentEnv, Ancestor};

use table::Means::{self, Nothing, Remote, Service, Shell, Telling, Terminal};
use table::{CI_VARIABLES, EDITOR_VARIABLES, meaning};

mod table;

/// Returns the nearest telling one of a launch's ancestors, of which the parent comes first. `env`
/// is the launch's environment.
pub(crate) fn nearest(ancestors: &[Ancestor], env: &AgentEnv) -> Option<Launcher> {
    let walk = Walk::along(ancestors);
    let pid = walk.shell.as_ref().or(walk.any.as_ref()).map(|nearest| nearest.pid);
    let by_environment = ci(env, walk.ends).or_else(|| editor(env));
    walk.telling
        .or_else(|| Some(launcher(by_environment?, pid?)))
        .or(walk.fallback)
        .or(walk.shell)
        .or(walk.any)
}

/// What was found on the way out.
#[derive(Default)]
struct Walk {
    telling: Option<Launcher>,
    /// Where the walk ended, where that is an answer better than a shell.
    fallback: Option<Launcher>,
    shell: Option<Launcher>,
    /// The nearest one that is no passer-on, else the parent.
    any: Option<Launcher>,
    /// What ended the walk.
    ends: Option<Means>,
    /// Whether there was a program that the table does not know.
    unknown: bool,
}

impl Walk {
    fn along(ancestors: &[Ancestor]) -> Self {
        let mut walk = Self::default();
        for Ancestor { pid, name } in ancestors {
            let name = normal(name);
            match meaning(&name) {
                None => walk.skip(&name, *pid),
                Some((means, shown)) => walk.pass(means, shown, *pid),
            }
            if walk.ends.is_some() {
                break;
            }
        }
        walk
    }

    fn skip(&mut self, name: &str, pid: u32) {
        if !self.unknown {
            self.any = Some(launcher(("other", name), pid));
        }
        self.unknown = true;
    }

    fn pass(&mut self, means: Means, name: &str, pid: u32) {
        let found = |kind| Some(launcher((kind, name), pid));
        match means {
            Telling(kind) => self.telling = found(kind),
            Remote => self.fallback = found("ssh"),
            Terminal if self.shell.is_none() && !self.unknown => self.fallback = found("desktop"),
            Service if !self.unknown => self.fallback = found("service"),
            Shell if self.shell.is_none() => self.shell = found("shell"),
            Nothing if self.any.is_none() => self.any = found("other"),
            Terminal | Service | Shell | Nothing => {}
        }
        self.ends = (!matches!(means, Shell | Nothing)).then_some(means);
    }
}

fn launcher((kind, name): (&str, &str), pid: u32) -> Launcher {
    Launcher { kind: kind.to_owned(), name: name.to_owned(), pid }
}

fn ci(env: &AgentEnv, ends: Option<Means>) -> Option<(&'static str, &'static str)> {
    let set = |name: &str| env.get(name).is_some_and(|value| value != "false" && value != "0");
    let system = CI_VARIABLES.iter().find(|(variable, _)| set(variable)).map(|(_, name)| *name);
    let person = matches!(ends, Some(Terminal | Remote));
    system.or_else(|| (!person && set("CI")).then_some("ci")).map(|name| ("ci", name))
}

fn editor(env: &AgentEnv) -> Option<(&'static str, &'static str)> {
    let has = |(variable, value, _): &&(&str, &str, &str)| {
        env.get(variable).is_some_and(|found| found == *value)
    };
    EDITOR_VARIABLES.iter().find(has).map(|(_, _, name)| ("editor", *name))
}

/// Brings a program's name into the form of the table: `-bash`, `tmux: server` and `Code.exe` are
/// `bash`, `tmux` and `code`.
fn normal(name: &OsStr) -> String {
    let name = name.to_string_lossy().to_lowercase();
    let name = name.trim().trim_start_matches('-');
    let name = name.split(':').next().unwrap_or(name);
    name.strip_suffix(".exe").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::table::TABLE;
    use super::*;
    use proptest::prelude::*;

    /// Ancestors by name, the parent first; their pids count down from 100.
    fn found_with(names: &str, env: &[(&str, &str)]) -> String {
        let ancestors: Vec<_> = names
            .split(" < ")
            .filter(|name| !name.is_empty())
            .zip((1..=100).rev())
            .map(|(name, pid)| Ancestor { pid, name: name.into() })
            .collect();
        let env = AgentEnv::from_pairs(env.iter().copied());
        nearest(&ancestors, &env)
            .map_or("none".to_owned(), |l| format!("{} {} {}", l.kind, l.name, l.pid))
    }

    fn found(names: &str) -> String {
        found_with(names, &[])
    }

    #[test]
    fn what_a_person_started_from_is_named_by_its_window() {
        assert_eq!(found("-zsh < tmux: server < systemd < systemd"), "multiplexer tmux 99");
        assert_eq!(found("bash < screen < systemd"), "multiplexer screen 99");
        assert_eq!(found("zsh < code < code < gnome-shell < systemd"), "editor code 99");
        assert_eq!(found("bash < sshd < sshd < sshd < systemd"), "ssh sshd 99");
        assert_eq!(found("bash < sshd-session < systemd"), "ssh sshd-session 99");
        assert_eq!(found("bash < nvim < bash < tmux: server < systemd"), "editor nvim 99");
    }

    #[test]
    fn a_terminal_leaves_the_shell_as_the_answer() {
        assert_eq!(found("fish < gnome-terminal-server < systemd < systemd"), "shell fish 100");
        assert_eq!(found("bash < gnome-terminal- < systemd"), "shell bash 100", "a cut name");
        assert_eq!(found("bash < kitty < gnome-shell < systemd"), "shell bash 100");
        assert_eq!(found("bash < login < systemd"), "shell bash 100");
        assert_eq!(found("zsh < some-terminal < gnome-shell"), "shell zsh 100");
        assert_eq!(found("kitty < gnome-shell < systemd"), "desktop kitty 100");
        assert_eq!(found("gnome-shell < systemd"), "desktop gnome-shell 100");
    }

    #[test]
    fn the_innermost_of_many_shells_is_shown() {
        assert_eq!(found("sh < bash < zsh < alacritty"), "shell sh 100");
        assert_eq!(found("bash"), "shell bash 100", "pid 1 of a container");
    }

    #[test]
    fn passers_on_and_unknown_programs_are_skipped() {
        assert_eq!(found("timeout < sudo < bash < tmux: server"), "multiplexer tmux 97");
        assert_eq!(found("python3 < bash < tmux: server"), "multiplexer tmux 98");
        assert_eq!(found("npm < node < make < bash < kitty"), "shell bash 97");
    }

    #[test]
    fn a_scheduler_is_named_through_its_shell() {
        assert_eq!(found("sh < cron < cron < systemd"), "scheduler cron 99");
        assert_eq!(found("claude < sh < run-parts < anacron"), "agent claude 100");
    }

    #[test]
    fn a_service_manager_tells_only_as_the_direct_parent() {
        assert_eq!(found("systemd"), "service systemd 100");
        assert_eq!(found("timeout < systemd < systemd"), "service systemd 99");
        assert_eq!(found("bash < systemd < systemd"), "service systemd 99", "a unit's script");
        assert_eq!(found("zsh < some-terminal < systemd"), "shell zsh 100");
        assert_eq!(found("python3 < systemd"), "other python3 100");
    }

    #[test]
    fn an_agent_above_is_an_agent_whatever_it_is_called() {
        assert_eq!(found("bash < claude.exe < zsh < tmux: server"), "agent claude 99");
        assert_eq!(found("bash < 2.1.330 < zsh"), "agent claude 99");
        assert_eq!(found("bash < codex < node < bash < kitty"), "agent codex 99");
        assert_eq!(found("sh < codex-x86_64-unknown-linux-musl"), "agent codex 99");
    }

    #[test]
    fn the_environment_speaks_where_no_ancestor_does() {
        let actions = [("GITHUB_ACTIONS", "true"), ("CI", "true")];
        assert_eq!(found_with("bash < Runner.Worker < systemd", &[]), "ci github-actions 99");
        assert_eq!(found_with("sh < containerd-shim", &actions), "ci github-actions 100");
        assert_eq!(found_with("bash < systemd", &[("CI", "1")]), "ci ci 100");
        assert_eq!(found_with("bash < tmux: server", &actions), "multiplexer tmux 99");
        assert_eq!(found_with("bash < kitty", &[("CI", "false")]), "shell bash 100");
        assert_eq!(found_with("bash < kitty", &[("CI", "1")]), "shell bash 100");
        assert_eq!(found_with("sh < java < sshd", &[("JENKINS_URL", "x")]), "ci jenkins 100");
        let vscode = [("TERM_PROGRAM", "vscode")];
        assert_eq!(found_with("bash < node < sh < sshd", &vscode), "editor vscode 100");
        assert_eq!(found_with("bash < node < node < sh", &vscode), "editor vscode 100");
        assert_eq!(found_with("bash < screen", &vscode), "multiplexer screen 99");
    }

    #[test]
    fn without_ancestors_there_is_no_launcher() {
        assert_eq!(found_with("", &[("CI", "1")]), "none");
        assert_eq!(found("some-app"), "other some-app 100");
        assert_eq!(found("timeout"), "other timeout 100");
    }

    #[test]
    fn every_name_of_the_table_means_one_thing() {
        let names = TABLE.iter().flat_map(|(names, ..)| names.iter());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(names.iter().all(|name| **name == name.to_lowercase()));
    }

    proptest! {
        #[test]
        fn any_ancestors_are_survived(names in "(.{0,12}|tmux|bash|systemd|kitty)( < (.{0,12}|tmux|bash|systemd|kitty)){0,6}") {
            found(&names);
        }
    }
}
