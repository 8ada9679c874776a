//! What programs above a launch mean: data, and the look-up.

use crate::agents::layout::fits;

/// What an ancestor means for a launch below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// The answer, of this kind.
    Telling(&'static str),
    Shell,
    Terminal,
    Remote,
    Service,
    /// Only passes a command on.
    Nothing,
}

use Means::{Nothing, Remote, Service, Shell, Telling, Terminal};

const AGENT: Means = Telling("agent");
const CI: Means = Telling("ci");
const EDITOR: Means = Telling("editor");
const MULTIPLEXER: Means = Telling("multiplexer");
const SCHEDULER: Means = Telling("scheduler");

/// Names as patterns of [`fits`], in lower case; what they mean; and the name to show where it is
/// another one.
pub(super) const TABLE: &[(&[&str], Means, Option<&str>)] = &[
    (&["claude", "<version>"], AGENT, Some("claude")),
    (&["codex", "codex-*"], AGENT, Some("codex")),
    (&["tmux"], MULTIPLEXER, None),
    (&["screen", "screen-*"], MULTIPLEXER, Some("screen")),
    (&["zellij", "byobu", "abduco", "dtach", "shpool"], MULTIPLEXER, None),
    (
        &[
            "code",
            "code-insiders",
            "code-oss",
            "code-server",
            "code-tunnel",
            "codium",
            "vscodium",
            "cursor",
            "windsurf",
            "positron",
            "trae",
            "kiro",
            "antigravity",
        ],
        EDITOR,
        None,
    ),
    (&["zed", "zed-editor", "zeditor", "zed-remote-serv*"], EDITOR, Some("zed")),
    (
        &[
            "idea",
            "idea64",
            "pycharm",
            "webstorm",
            "goland",
            "clion",
            "rustrover",
            "phpstorm",
            "rubymine",
            "rider",
            "datagrip",
            "studio",
            "fleet",
        ],
        EDITOR,
        None,
    ),
    (&["nvim", "vi", "vim", "vim.*", "gvim", "neovide", "hx", "helix"], EDITOR, None),
    (&["emacs", "emacs-*", "emacsclient"], EDITOR, Some("emacs")),
    (&["sublime_text", "kate", "micro", "kakoune", "kak"], EDITOR, None),
    (&["cron", "crond", "fcron", "anacron", "atd", "supercronic"], SCHEDULER, None),
    (&["runner.worker", "runner.listener"], CI, Some("github-actions")),
    (&["gitlab-runner", "buildkite-agent", "circleci-agent", "circleci", "jenkins"], CI, None),
    (&["woodpecker-agent", "drone-runner-*", "act_runner", "forgejo-runner"], CI, None),
    (&["sshd", "sshd-session", "dropbear", "mosh-server", "etserver", "etterminal"], Remote, None),
    (
        &[
            "gnome-shell",
            "plasmashell",
            "kwin_wayland",
            "kwin_x11",
            "krunner",
            "sway",
            "hyprland",
            "i3",
            "niri",
            "xfce4-panel",
            "xfce4-session",
            "gnome-session-b*",
            "cinnamon",
            "rofi",
            "wofi",
            "dmenu",
            "explorer",
            "finder",
        ],
        Terminal,
        None,
    ),
    (
        &[
            "bash",
            "zsh",
            "fish",
            "dash",
            "sh",
            "ksh",
            "mksh",
            "ash",
            "nu",
            "pwsh",
            "powershell",
            "tcsh",
            "csh",
            "xonsh",
            "elvish",
            "cmd",
        ],
        Shell,
        None,
    ),
    (
        &[
            "gnome-terminal-server",
            "gnome-terminal",
            "ptyxis",
            "ptyxis-agent",
            "kgx",
            "konsole",
            "yakuake",
            "xterm",
            "uxterm",
            "rxvt",
            "urxvt",
            "urxvtd",
            "alacritty",
            "kitty",
            "foot",
            "footclient",
            "wezterm-gui",
            "wezterm-mux-server",
            "ghostty",
            "terminator",
            "tilix",
            "guake",
            "terminology",
            "lxterminal",
            "qterminal",
            "mate-terminal",
            "xfce4-terminal",
            "st",
            "rio",
            "contour",
            "warp",
            "iterm2",
            "terminal",
            "windowsterminal",
            "login",
            "agetty",
            "getty",
        ],
        Terminal,
        None,
    ),
    (&["systemd", "launchd", "supervisord", "runsv", "s6-supervise"], Service, None),
    (
        &[
            "timeout",
            "env",
            "sudo",
            "doas",
            "su",
            "runuser",
            "nice",
            "ionice",
            "chrt",
            "taskset",
            "nohup",
            "setsid",
            "stdbuf",
            "time",
            "xargs",
            "parallel",
            "watch",
            "strace",
            "ltrace",
            "unshare",
            "nsenter",
            "setpriv",
            "flock",
            "script",
            "expect",
            "unbuffer",
            "direnv",
            "mise",
            "asdf",
            "make",
            "gmake",
            "just",
            "task",
            "ninja",
            "npm",
            "npx",
            "pnpm",
            "yarn",
            "bunx",
            "run-parts",
            "catchsegv",
            "systemd-run",
            "systemd-inhibit",
            "dbus-run-session",
        ],
        Nothing,
        None,
    ),
];

/// Variables that only one CI system sets.
pub(super) const CI_VARIABLES: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "github-actions"),
    ("GITLAB_CI", "gitlab-ci"),
    ("BUILDKITE", "buildkite"),
    ("CIRCLECI", "circleci"),
    ("TF_BUILD", "azure-pipelines"),
    ("JENKINS_URL", "jenkins"),
];

/// What terminals inside an editor call themselves.
pub(super) const EDITOR_VARIABLES: &[(&str, &str, &str)] = &[
    ("TERM_PROGRAM", "vscode", "vscode"),
    ("TERM_PROGRAM", "zed", "zed"),
    ("TERMINAL_EMULATOR", "JetBrains-JediTerm", "jetbrains"),
];

/// Looks a name up. A `comm` is cut to 15 bytes, so a name of that length may be the start of a
/// longer one.
pub(super) fn meaning(name: &str) -> Option<(Means, &str)> {
    const COMM_LENGTH: usize = 15;
    let is = |pattern: &&&str| {
        fits(pattern, name.as_bytes()) || (name.len() == COMM_LENGTH && pattern.starts_with(name))
    };
    TABLE.iter().find_map(|(patterns, means, shown)| {
        patterns.iter().find(is).map(|_| (*means, shown.unwrap_or(name)))
    })
}
