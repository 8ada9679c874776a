//! Rules of what tools may do (`Bash(git status:*)`): what of them may stand, and which allow much.

use crate::enrich::redact::{length, value};

/// Tools of both agents by their names in rules.
const TOOLS: &[&str] = &[
    "*",
    "Agent",
    "Bash",
    "BashOutput",
    "Edit",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillShell",
    "LS",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "PowerShell",
    "Read",
    "Skill",
    "SlashCommand",
    "Task",
    "TodoWrite",
    "WebFetch",
    "WebSearch",
    "Write",
];

/// Programs whose names may stand.
const PROGRAMS: &[&str] = &[
    "apt",
    "apt-get",
    "awk",
    "aws",
    "az",
    "bash",
    "brew",
    "bun",
    "cargo",
    "cat",
    "chmod",
    "chown",
    "cmake",
    "cp",
    "curl",
    "deno",
    "diff",
    "docker",
    "du",
    "echo",
    "env",
    "eval",
    "find",
    "gcloud",
    "gh",
    "git",
    "glab",
    "go",
    "gradle",
    "grep",
    "head",
    "helm",
    "java",
    "jq",
    "just",
    "kubectl",
    "ls",
    "make",
    "mkdir",
    "mv",
    "mvn",
    "nc",
    "node",
    "npm",
    "npx",
    "perl",
    "php",
    "pip",
    "pip3",
    "pnpm",
    "podman",
    "psql",
    "pytest",
    "python",
    "python3",
    "rg",
    "rm",
    "rsync",
    "ruby",
    "rustc",
    "scp",
    "sed",
    "sh",
    "sort",
    "sqlite3",
    "ssh",
    "sudo",
    "su",
    "systemctl",
    "tail",
    "tar",
    "tee",
    "terraform",
    "touch",
    "tsc",
    "uv",
    "uvx",
    "wc",
    "wget",
    "xargs",
    "yarn",
    "zsh",
];

/// First arguments of programs that may stand.
const COMMANDS: &[&str] = &[
    "add", "blame", "branch", "build", "check", "checkout", "ci", "clippy", "clone", "commit",
    "compose", "describe", "diff", "exec", "fetch", "fmt", "get", "grep", "init", "install",
    "issue", "lint", "list", "log", "logs", "ls-files", "merge", "mod", "pr", "ps", "pull", "push",
    "rebase", "reset", "restore", "run", "show", "stash", "status", "switch", "tag", "test", "vet",
    "view", "worktree",
];

/// Programs that can run anything, or send anything away.
const MIGHTY: &[&str] = &[
    "bash", "bun", "curl", "deno", "env", "eval", "nc", "node", "npx", "perl", "php", "python",
    "python3", "rsync", "ruby", "scp", "sh", "ssh", "su", "sudo", "uvx", "wget", "xargs", "zsh",
];

/// Returns what of a rule may stand: the tool, and of its argument what is plain; the rest is its
/// length.
pub(super) fn shown(rule: &str) -> String {
    let (tool, argument) = parts(rule);
    let is_server = tool.starts_with("mcp__")
        && tool.len() <= 100
        && tool.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-*".contains(&byte))
        && !value::holds_secret(tool.as_bytes());
    if !is_server && !TOOLS.contains(&tool) {
        return length(rule.as_bytes());
    }
    match argument {
        None => tool.to_owned(),
        Some(argument) => format!("{tool}({})", plain(tool, argument)),
    }
}

/// Whether a rule, as it is shown, allows a tool everything, or programs that can do everything.
pub(super) fn is_broad(rule: &str) -> bool {
    let (tool, argument) = parts(rule);
    let is_all =
        matches!(argument, None | Some("" | "*" | ":*" | "**" | "/**" | "//**" | "domain:*"));
    match tool {
        "*" => true,
        "Bash" | "PowerShell" => is_all || argument.is_some_and(is_mighty),
        "WebFetch" | "Write" | "Edit" | "MultiEdit" => is_all,
        _ => false,
    }
}

fn is_mighty(argument: &str) -> bool {
    let program = argument.strip_suffix(":*").or_else(|| argument.strip_suffix(" *"));
    program.is_some_and(|program| MIGHTY.contains(&program))
}

fn parts(rule: &str) -> (&str, Option<&str>) {
    let rule = rule.trim();
    match rule.split_once('(') {
        Some((tool, rest)) => (tool, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (rule, None),
    }
}

fn plain(tool: &str, argument: &str) -> String {
    let text = argument.trim();
    let may_stand = match tool {
        "Bash" | "PowerShell" => return command(text),
        "WebFetch" => text.strip_prefix("domain:").is_some_and(|host| {
            let name = host.trim_start_matches("*.");
            value::host(&format!("https://{name}")).is_some_and(|host| host == name)
        }),
        "Edit" | "Glob" | "Grep" | "LS" | "MultiEdit" | "NotebookEdit" | "NotebookRead"
        | "Read" | "Write" => path(text),
        _ => false,
    };
    if may_stand || is_wild(text) { text.to_owned() } else { length(text.as_bytes()) }
}

/// Whether a text is a path that says where it begins, and nothing else.
pub(super) fn path(text: &str) -> bool {
    let is_rooted = ["/", "~/", "./", "../"].iter().any(|root| text.starts_with(root));
    is_rooted && value::is_path(text.as_bytes(), 1)
}

/// Keeps the program of a command, what it is told to do, and that any arguments may follow.
fn command(text: &str) -> String {
    let plain = [":*", " *"].iter().find_map(|any| text.strip_suffix(any)).unwrap_or(text);
    let (program, rest) = plain.split_once(' ').unwrap_or((plain, ""));
    if is_wild(text) {
        text.to_owned()
    } else if !PROGRAMS.contains(&program) {
        length(text.as_bytes())
    } else if rest.is_empty() || COMMANDS.contains(&rest) {
        text.to_owned()
    } else {
        format!("{program} {}", length(text[program.len()..].trim_start().as_bytes()))
    }
}

fn is_wild(text: &str) -> bool {
    text.bytes().all(|byte| b"*:/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_rule_what_is_plain_stands() {
        for rule in [
            "Bash",
            "Bash(*)",
            "Bash(npm:*)",
            "Bash(git *)",
            "Bash(git status:*)",
            "Bash(cargo test)",
            "Read(~/src/**)",
            "Edit(/etc/**)",
            "WebFetch(domain:docs.example.com)",
            "WebFetch(domain:*.example.com)",
            "mcp__github__search",
        ] {
            assert_eq!(shown(rule), rule);
        }
    }

    #[test]
    fn and_the_rest_becomes_its_length() {
        let cases = [
            ("Bash(curl -H 'Authorization: token s3cret' x:*)", "Bash(curl <36 bytes>)"),
            ("Bash(PASSWORD=s3cret run)", "Bash(<19 bytes>)"),
            ("s3cret", "<6 bytes>"),
            ("Read(s3cret)", "Read(<6 bytes>)"),
            ("WebFetch(domain:u:s3cret@h)", "WebFetch(<17 bytes>)"),
            ("mcp__sk-ant-api03-abcdef__x", "<27 bytes>"),
            ("Bash(s3cret", "Bash(<6 bytes>)"),
        ];
        for (rule, expected) in cases {
            assert_eq!(shown(rule), expected);
        }
    }

    #[test]
    fn what_allows_everything_is_broad() {
        for rule in ["Bash", "Bash(*)", "Bash(:*)", "Bash(python3:*)", "*", "WebFetch", "Write(*)"]
        {
            assert!(is_broad(rule), "{rule}");
        }
        for rule in ["Bash(git:*)", "Bash(npm <3 bytes>)", "Read", "Edit(/src/**)", "WebSearch"] {
            assert!(!is_broad(rule), "{rule}");
        }
    }
}
