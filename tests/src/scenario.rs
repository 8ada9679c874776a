//! One run of an agent: how it is started, what the mock makes it do, and what came of it.
//!
//! In prompts, arguments, turns and claims, `{root}`, `{repo}`, `{other}` and `{home}` are the
//! directories of the test's world. The agent is started in `{repo}`.
//!
//! ```no_run
//! use trackway_tests::agent::CLAUDE;
//! use trackway_tests::mock::script::{bash, visit};
//! use trackway_tests::scenario::Scenario;
//!
//! let run = Scenario::new(CLAUDE)
//!     .print("Look into the other directory")
//!     .turn(bash(&visit("{other}")))
//!     .run();
//! run.one_launch().mode("headless").commands_in(&["{repo}", "{other}"]);
//! run.no_trace_of(&["Look into"]);
//! ```

pub mod outcome;
pub mod work;

use std::sync::Arc;
use std::time::Duration;

use trackway_protocol::ids::Timestamp;

use self::outcome::Outcome;
use crate::agent::Agent;
use crate::cage::plan::{Key, Plan};
use crate::cage::{Cage, Departure};
use crate::mock::script::{Api, Conversation, Script, Turn, say};
use crate::watch::Watch;
use crate::world::World;

/// What the mock says at the end of every script.
pub const FINAL: &str = "All is done now.";

/// How long one run of an agent may take, on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(45);

/// A run of an agent, told before it happens.
#[derive(Clone, Debug)]
#[must_use]
pub struct Scenario {
    agent: Agent,
    others: Vec<Agent>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    cwd: String,
    keys: Option<Vec<Key>>,
    turns: Vec<Turn>,
    conversations: Vec<Conversation>,
    thinking: Duration,
}

impl Scenario {
    /// Begins with an agent that is called without arguments.
    pub fn new(agent: Agent) -> Self {
        Self {
            agent,
            others: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: "{repo}".into(),
            keys: None,
            turns: Vec::new(),
            conversations: Vec::new(),
            thinking: Duration::ZERO,
        }
    }

    /// Has the model think before each answer, as models do: what an agent keeps only while it runs
    /// is there for longer than a blink.
    pub fn unhurried(mut self) -> Self {
        self.thinking = Duration::from_secs(1);
        self
    }

    /// Adds arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Starts it in another directory.
    pub fn started_in(mut self, dir: &str) -> Self {
        self.cwd = dir.into();
        self
    }

    /// Has it answer `prompt` without a terminal, allowed to do everything.
    pub fn print(self, prompt: &str) -> Self {
        match self.agent {
            Agent::Claude(_) => self.args(["-p", prompt, "--permission-mode", "bypassPermissions"]),
            Agent::Codex(_) => {
                self.args(["exec", "--dangerously-bypass-approvals-and-sandbox", prompt])
            }
        }
    }

    /// Has a person type `prompt` at a terminal, wait for the script's end, and leave.
    pub fn interactive(mut self, prompt: &str) -> Self {
        let (allow, ready, leave) = match self.agent {
            Agent::Claude(_) => {
                (&["--permission-mode", "bypassPermissions"][..], "bypass permissions on", "/exit")
            }
            Agent::Codex(_) => {
                (&["--dangerously-bypass-approvals-and-sandbox"][..], "Ask Codex to do", "/quit")
            }
        };
        let mut keys = vec![Key::Await(ready.into())];
        for text in [prompt, leave] {
            // Enter goes by itself: text that comes in one piece with it counts as pasted.
            keys.extend([Key::Type(text.into()), Key::Await(text.into()), Key::Type("\r".into())]);
            if text == prompt {
                keys.push(Key::Await(FINAL.into()));
            }
        }
        self.keys = Some(keys);
        self.args(allow.iter().copied())
    }

    /// Has the person clear the conversation before they leave, and type another `prompt`, to which
    /// the model says `answer`.
    pub fn clear(mut self, prompt: &str, answer: &str) -> Self {
        let keys = self.keys.as_mut().expect("it is at a terminal");
        let leave = keys.split_off(keys.len() - 3);
        for text in ["/clear", prompt] {
            keys.extend([Key::Type(text.into()), Key::Await(text.into()), Key::Type("\r".into())]);
            let cleared = Key::Miss(FINAL.into());
            keys.push(if text == prompt { Key::Await(answer.into()) } else { cleared });
        }
        keys.extend(leave);
        let api = self.agent.api();
        self.conversation(api, prompt, vec![say(answer)])
    }

    /// Adds a turn to the script, which ends with a text by itself.
    pub fn turn(mut self, turn: Turn) -> Self {
        self.turns.push(turn);
        self
    }

    /// Tells what happens in the conversation of a subagent that was given `prompt`.
    pub fn subagent(self, prompt: &str, turns: impl Into<Vec<Turn>>) -> Self {
        let api = self.agent.api();
        self.conversation(api, prompt, turns.into())
    }

    /// Puts another agent on the `PATH`, and tells what happens when it is run.
    pub fn with(mut self, other: Agent, turns: impl Into<Vec<Turn>>) -> Self {
        self.others.push(other);
        self.conversation(other.api(), "", turns.into())
    }

    fn conversation(mut self, api: Api, marker: &str, mut turns: Vec<Turn>) -> Self {
        turns.push(say(FINAL));
        self.conversations.push(Conversation { api, marker: marker.into(), turns });
        self
    }

    /// Runs it in a new world.
    #[must_use]
    pub fn run(self) -> Outcome {
        let mut agents = vec![self.agent];
        agents.extend(&self.others);
        self.run_in(&Arc::new(Watch::start(&agents)))
    }

    /// Runs it in a world that is there.
    #[must_use]
    pub fn run_in(self, watch: &Arc<Watch>) -> Outcome {
        self.start_in(watch).finish()
    }

    /// Starts it in a world that is there.
    #[must_use]
    pub fn start_in(self, watch: &Arc<Watch>) -> Going {
        let plan = self.plan(&watch.world, &watch.env);
        let agent = self.agent;
        let from = Timestamp::now();
        let cage = Cage::start(&plan);
        Going { agent, cage, plan, from, watch: Arc::clone(watch) }
    }

    /// Returns what a cage is to be told, for a world whose user's shell has the environment `env`.
    #[must_use]
    pub fn plan(&self, world: &World, env: &[(String, String)]) -> Plan {
        let plan = Plan {
            argv: [&[self.agent.name().to_owned()], &self.args[..]].concat(),
            env: [env, &self.env].concat(),
            cwd: self.cwd.clone().into(),
            scratch: world.fresh("cage-"),
            script: self.script(),
            keys: self.keys.clone(),
            limit: LIMIT,
        };
        let plan = serde_json::to_string(&plan).expect("a plan is plain data");
        serde_json::from_str(&world.tell(&plan)).expect("directories need no escapes")
    }

    /// The agent's own conversation comes last: it has no marker, and takes what is left.
    fn script(&self) -> Script {
        let own = self.clone().conversation(self.agent.api(), "", self.turns.clone());
        Script { conversations: own.conversations, thinking: self.thinking }
    }
}

/// An agent that runs.
#[derive(Debug)]
pub struct Going {
    agent: Agent,
    /// Its cage.
    pub cage: Cage,
    plan: Plan,
    from: Timestamp,
    watch: Arc<Watch>,
}

/// How a shell tells of an end by SIGKILL.
const KILLED: i32 = 128 + 9;

impl Going {
    /// Waits until it has asked its model for turn `number` of its own conversation.
    pub fn wait_for_turn(&mut self, number: usize) {
        let own = self.plan.script.conversations.len() - 1;
        self.cage.wait_for_turn(&self.plan, (own, number));
    }

    /// Waits for its end, whether the daemon notices or not.
    pub fn leave(self) -> Departure {
        self.cage.finish(&self.plan)
    }

    /// Waits for its end, and until the daemon has recorded that.
    #[must_use]
    pub fn finish(self) -> Outcome {
        let pid = self.cage.pid;
        let interactive = self.plan.keys.is_some();
        let departure = self.cage.finish(&self.plan);
        let ended = Timestamp::now();
        let launch = self.watch.wait_for_start(pid);
        self.watch.wait_for_end(launch);
        // Where the outermost process was killed, others of the launch outlive it.
        let until = if departure.code == KILLED { Timestamp::now() } else { ended };
        Outcome {
            watch: self.watch,
            agent: self.agent,
            launch,
            pid,
            code: departure.code,
            leftovers: departure.leftovers,
            output: self.plan.output(),
            cwd: self.plan.cwd,
            interactive,
            window: (self.from, until),
        }
    }
}
