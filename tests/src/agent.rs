//! The pinned agents, and what each needs to feel at home in a cage.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cage::plan::MOCK;
use crate::mock::script::Api;
use crate::npm;
use crate::world::World;

/// The key that the mock takes, like any other. It looks like a real one.
pub const KEY: &str = "sk-ant-dummy-0123456789abcdefghij-planted";

/// A version of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code.
    Claude(&'static str),
    /// Codex.
    Codex(&'static str),
}

/// Every pinned version: two of each, because they differ.
pub const ALL: [Agent; 4] = [
    Agent::Claude("2.1.197"),
    Agent::Claude("2.1.330"),
    Agent::Codex("0.162.1"),
    Agent::Codex("0.169.0"),
];

/// The newer claude.
pub const CLAUDE: Agent = ALL[1];
/// The newer codex.
pub const CODEX: Agent = ALL[3];

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name(), self.version())
    }
}

impl Agent {
    /// The agent's name, which is its command as well.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude(_) => "claude",
            Self::Codex(_) => "codex",
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Claude(version) | Self::Codex(version) => version,
        }
    }

    /// The API that it talks to.
    #[must_use]
    pub fn api(self) -> Api {
        match self {
            Self::Claude(_) => Api::Anthropic,
            Self::Codex(_) => Api::Openai,
        }
    }
}

/// Writes what an agent asks about on its first start, and where its API is, into the world's home.
pub fn furnish(world: &World) {
    let home = world.home();
    let dirs = [world.repo(), world.other()];
    let write = |path: PathBuf, text: String| {
        fs::create_dir_all(path.parent().expect("it is below the home")).expect("the home is ours");
        fs::write(path, text).expect("the home is ours");
    };
    write(home.join(".claude.json"), claude_state(&dirs).to_string());
    let settings = json!({"skipDangerousModePermissionPrompt": true});
    write(home.join(".claude/settings.json"), settings.to_string());
    write(home.join(".codex/config.toml"), codex_config(&dirs));
}

fn claude_state(dirs: &[PathBuf]) -> Value {
    let trusted = |dir: &PathBuf| {
        let project =
            json!({"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true});
        (dir.display().to_string(), project)
    };
    let projects: BTreeMap<String, Value> = dirs.iter().map(trusted).collect();
    json!({
        "hasCompletedOnboarding": true,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [&KEY[KEY.len() - 20..]], "rejected": []},
        "projects": projects,
    })
}

fn codex_config(dirs: &[PathBuf]) -> String {
    let mut config = format!(
        "model_provider = \"mock\"\n\
         check_for_update_on_startup = false\n\
         [model_providers.mock]\n\
         name = \"mock\"\n\
         base_url = \"http://{MOCK}/v1\"\n\
         wire_api = \"responses\"\n\
         env_key = \"MOCK_KEY\"\n"
    );
    for dir in dirs {
        config += &format!("[projects.\"{}\"]\ntrust_level = \"trusted\"\n", dir.display());
    }
    config
}

/// Returns the whole environment of an agent in the world's home; `agents` are on its `PATH`.
#[must_use]
pub fn environment(world: &World, agents: &[Agent]) -> Vec<(String, String)> {
    let mut path: Vec<PathBuf> = agents.iter().map(|agent| npm::bin(*agent)).collect();
    path.extend(npm::node_dir());
    path.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
    let path: Vec<_> = path.iter().map(|dir| dir.display().to_string()).collect();
    let text = |path: &Path| path.display().to_string();
    let mut env = vec![
        ("HOME", text(&world.home())),
        ("PATH", path.join(":")),
        ("TMPDIR", text(&world.tmp())),
        ("TERM", "xterm-256color".into()),
        ("LANG", "C.UTF-8".into()),
        ("SHELL", "/bin/sh".into()),
        ("ANTHROPIC_API_KEY", KEY.into()),
        ("ANTHROPIC_BASE_URL", format!("http://{MOCK}")),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".into()),
        ("MOCK_KEY", KEY.into()),
    ];
    if rustix::process::geteuid().is_root() {
        // claude refuses to skip permissions as root, unless root is nobody special.
        env.push(("IS_SANDBOX", "1".into()));
    }
    env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
