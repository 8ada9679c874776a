//! The README's questions, asked: what stands there is what the programs print of a made-up day.
//!
//! `UPDATE=1` writes what they print now into the README. Times, ids and lengths of time differ from run
//! to run: they need only stand in the same place.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use trackway_tests::harness::Tests;
use trackway_tests::transcript::Transcript;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, copy_program, program, repository};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const CLAUDE: &str = ".local/share/claude/versions/2.1.330";
const CODEX: &str =
    ".codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn all(tests: &mut Tests) {
    tests.add_alone(its_questions_have_these_answers);
}

/// A session of claude that goes on, and a run of codex that left none.
struct Day {
    watch: Watch,
    claude: Child,
}

impl Drop for Day {
    fn drop(&mut self) {
        self.claude.kill().ok();
        self.claude.wait().ok();
    }
}

impl Day {
    fn begin() -> Self {
        let watch = Watch::start_in(&[], furnish);
        let world = &watch.world;
        let [engine, tools] = ["engine", "tools"].map(|name| project(world, name));
        let claude = start(&watch, CLAUDE, &engine, &[], 120_000);
        watch.wait_for_start(claude.id());
        let mut session = Transcript::begin(world, &engine, 1);
        for file in [engine.join("src/lib.rs"), engine.join("README.md"), tools.join("src/cli.rs")]
        {
            session.read(&file);
        }
        let day = Self { watch, claude };
        let linked = || {
            let sessions = day.watch.sessions();
            sessions
                .iter()
                .any(|row| row.files_read == Some(3) && row.launch.is_some())
                .then_some(())
        };
        wait::until(PATIENCE, linked).unwrap_or_else(|| panic!("{:#?}", day.watch.sessions()));
        let mut codex = start(&day.watch, CODEX, &tools, &["exec", "--ephemeral", "x"], 300);
        let launch = day.watch.wait_for_start(codex.id());
        codex.wait().expect("it is our child");
        day.watch.wait_for_end(launch);
        day
    }

    /// Asks as a person does whose terminal has 80 columns.
    fn ask(&self, command: &str) -> String {
        let home = self.watch.world.home().display().to_string();
        let words = command.split_whitespace().skip(1);
        let words = words.map(|word| word.replace('~', &home));
        let mut command = self.watch.daemon.ctl_command(words);
        let output = command.env("COLUMNS", "80").output().expect("trackwayctl was built");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        // The scope is this test's own.
        let own = |line: &&str| line.contains("recorded is only ~;");
        let lines: Vec<_> = told.trim_end().lines().filter(|line| !own(line)).collect();
        lines.join("\n").replace(&home, "~")
    }
}

/// Other tests' agents run as the same user: what lies elsewhere than in this home is left out.
fn furnish(world: &World) {
    narrow(world);
    for path in [CLAUDE, CODEX] {
        copy_program(&program("stub"), &world.home().join(path));
    }
    for (name, files) in
        [("engine", ["src/lib.rs", "README.md"]), ("tools", ["src/cli.rs", "a.txt"])]
    {
        let root = project(world, name);
        repository(&root);
        let url = format!("[remote \"origin\"]\n\turl = https://git.example.com/team/{name}.git\n");
        fs::write(root.join(".git/config"), url).expect("the home is ours");
        fs::create_dir_all(root.join("src")).expect("the home is ours");
        files.iter().for_each(|file| fs::write(root.join(file), "").expect("the home is ours"));
    }
}

/// Keeps what is recorded to a home, in which codex has its defaults.
pub(crate) fn narrow(world: &World) {
    let scope = world.tell("[scope]\ninclude = [\"{home}\"]\n");
    fs::write(world.root().join("config.toml"), scope).expect("the world is ours");
    // What leads the real agents to a stand-in for their models is nobody's day.
    fs::write(world.home().join(".codex/config.toml"), "").expect("the home is ours");
}

fn project(world: &World, name: &str) -> PathBuf {
    world.home().join("src").join(name)
}

fn start(watch: &Watch, agent: &str, cwd: &Path, args: &[&str], ms: u32) -> Child {
    let mut command = Command::new(watch.world.home().join(agent));
    let name = if agent == CLAUDE { "claude" } else { "codex" };
    command.arg0(name).args(args).current_dir(cwd).env_clear().env("STUB_MS", ms.to_string());
    command.spawn().expect("the stub was built")
}

fn its_questions_have_these_answers() {
    let day = Day::begin();
    let readme = fs::read_to_string(README).expect("it is in the repository");
    let mut now = String::new();
    let mut rest = &*readme;
    let mut asked = 0;
    while let Some((before, block)) = rest.split_once("```console\n$ ") {
        let (block, after) = block.split_once("\n```").expect("a block has an end");
        let (command, answer) = block.split_once('\n').unwrap_or((block, ""));
        let told = day.ask(command);
        asked += 1;
        let (alike, stands) =
            (steady(&told) == steady(answer), if told.is_empty() { "" } else { "\n" });
        if std::env::var_os("UPDATE").is_none() {
            assert!(alike, "`{command}` answers:\n{told}\n\nand the README says:\n{answer}");
        }
        // What is alike stays, so that nobody has to read new times.
        let told = if alike { answer } else { &told };
        now += &format!("{before}```console\n$ {command}{stands}{told}\n```");
        rest = after;
    }
    assert_eq!(asked, 5, "questions of the README");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(README, now + rest).expect("it is ours");
    }
}

/// Returns the lines without what differs from run to run, and without how far columns are apart.
pub(crate) fn steady(text: &str) -> Vec<String> {
    let words = |line: &str| {
        let mut steady = Vec::<&str>::new();
        let mut was_month = false;
        for word in line.split_whitespace() {
            let bare = word.trim_matches(|char: char| !char.is_alphanumeric());
            let is_unit = ["s", "min", "h", "ago", "now"].contains(&bare);
            let is_id =
                bare.len() >= 8 && bare.chars().all(|char| char.is_ascii_hexdigit() || char == '-');
            let is_length = bare.starts_with(|char: char| char.is_ascii_digit())
                && bare.ends_with(|char: char| char.is_ascii_alphabetic());
            let is_clock = bare.contains(':');
            let is_month = bare.len() == 3 && MONTHS.contains(bare);
            let is_day = std::mem::replace(&mut was_month, is_month);
            match () {
                () if is_month || is_day => steady.push("#"),
                () if is_unit => {
                    // Before a unit stands a number.
                    if steady
                        .last()
                        .is_some_and(|last| last.starts_with(|it: char| it.is_ascii_digit()))
                    {
                        steady.pop();
                    }
                    steady.push("#");
                }
                () if is_id || is_length || is_clock => steady.push("#"),
                () => steady.push(word),
            }
        }
        steady.dedup_by(|one, other| one == other && *one == "#");
        steady.join(" ")
    };
    // What is to be looked at depends on the settings of other tests' agents, and how much was seen on
    // what else the machine does.
    let of_recorder = |line: &&str| line.starts_with("look at ");
    let begin = text.lines().position(|line| of_recorder(&line));
    let seen =
        begin.map_or(0, |at| text.lines().skip(at).take_while(|line| !line.is_empty()).count());
    let is_seen = |at: usize| begin.is_some_and(|begin| (begin..begin + seen).contains(&at));
    let lines = text.lines().enumerate().filter(|(at, _)| !is_seen(*at));
    lines.map(|(_, line)| words(line)).collect()
}
