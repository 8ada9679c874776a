//! From files to records, with the real ledger and the real kernel.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use trackway_protocol::message::Filter;
use trackway_protocol::record::Risk;
use trackway_protocol::row::{ConfigRow, FindingRow, InForce, SettingRow};

use super::{NAME, Orders};
use crate::config::Standing;
use crate::event::{Event, State};
use crate::store::{self, Sealing};

mod watching;

/// A user's home, a project and a ledger.
struct Story {
    temp: TempDir,
    runs: usize,
}

/// A daemon's part that watches.
struct Run {
    running: Option<super::Running>,
    writer: Option<store::Writer>,
    reader: store::Reader,
    events: mpsc::Receiver<Event>,
    runtime: tokio::runtime::Runtime,
}

impl Story {
    fn new() -> Self {
        let story = Self { temp: tempfile::tempdir().unwrap(), runs: 0 };
        for dir in ["home/.claude", "home/.codex", "project", "state"] {
            fs::create_dir_all(story.path(dir)).unwrap();
        }
        story
    }

    fn path(&self, path: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// As agents write: another file in its place.
    fn replace(&self, path: &str, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(path)).unwrap();
    }

    fn start(&mut self) -> Run {
        self.runs += 1;
        let state = self.path("state");
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        let store = store::open(&state).unwrap();
        let (reader, writer) = (store.reader(), store.start(Sealing::default()));
        let (sender, events) = mpsc::channel(1024);
        let (_, standing) = watch::channel(Standing::default());
        let running = super::start(&state, &writer.intake(), &sender, &standing);
        let orders = running.orders().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let run = Run { running: Some(running), writer: Some(writer), reader, events, runtime };
        for agent in ["claude", "codex"] {
            orders.home(agent, self.path(&format!("home/.{agent}")));
        }
        run
    }
}

impl Run {
    fn orders(&self) -> Orders {
        self.running.as_ref().unwrap().orders().unwrap()
    }

    fn rows(&self, below: &Path) -> Vec<ConfigRow> {
        let dir = Some(below.to_str().unwrap().to_owned());
        let filter = Filter { dir, found: true, ..Filter::default() };
        let mut rows = self.reader.config(&filter).unwrap().rows;
        rows.sort_by_key(|row| row.seq);
        rows
    }

    /// Waits until a file has so many rows, and returns them in the order in which they came.
    #[track_caller]
    fn wait(&self, path: &Path, count: usize) -> Vec<ConfigRow> {
        let begun = Instant::now();
        loop {
            let rows = self.rows(path);
            if rows.len() >= count {
                assert_eq!(rows.len(), count, "{rows:#?}");
                return rows;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{rows:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let (Some(running), Some(writer)) = (self.running.take(), self.writer.take()) {
            running.stop();
            self.runtime.block_on(writer.close());
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
    }
}

type Told = (String, String, Option<Value>, Option<Value>);

fn told(row: &ConfigRow) -> Told {
    (row.key.clone(), row.what.clone(), row.before.clone(), row.after.clone())
}

fn change(key: &str, what: &str, before: Value, after: Value) -> Told {
    let some = |value: Value| (!value.is_null()).then_some(value);
    (key.into(), what.into(), some(before), some(after))
}

#[test]
fn what_is_there_is_found_and_what_changes_is_told_by_key() {
    let mut story = Story::new();
    let settings = "home/.claude/settings.json";
    story.write(settings, r#"{"permissions": {"allow": ["Bash(git:*)"]}, "model": "opus"}"#);
    let run = story.start();
    let path = story.path(settings);
    let found = run.wait(&path, 2);
    assert!(found.iter().all(|row| row.found && row.agent == "claude" && row.scope == "user"));
    story.replace(
        settings,
        r#"{ "model": "opus",
            "permissions": {"defaultMode": "bypassPermissions", "allow": ["Bash", "Bash(git:*)"]} }"#,
    );
    let rows = run.wait(&path, 4);
    assert_eq!(
        rows[2..].iter().map(told).collect::<Vec<_>>(),
        [
            change("permissions.allow", "added", json!(null), json!("Bash")),
            change("permissions.defaultMode", "set", json!(null), json!("bypassPermissions")),
        ]
    );
    assert!(rows[2..].iter().all(|row| row.risk == Risk::High && row.why.is_some() && !row.found));
    fs::remove_file(&path).unwrap();
    let rows = run.wait(&path, 9);
    let gone: Vec<_> = rows[4..].iter().map(told).collect();
    assert_eq!(gone[0], change("@file", "unset", json!("present"), json!(null)));
    assert!(gone[1..].iter().all(|(_, what, _, after)| what != "set" && after.is_none()));
}

#[test]
fn order_and_comments_are_no_change_and_neither_is_what_codex_notes_for_itself() {
    let mut story = Story::new();
    story.write("home/.codex/config.toml", "model = \"gpt-5\"\nsandbox_mode = \"read-only\"\n");
    let run = story.start();
    let path = story.path("home/.codex/config.toml");
    run.wait(&path, 2);
    story.write(
        "home/.codex/config.toml",
        "# mine\nsandbox_mode = 'read-only'\nmodel = \"gpt-5\"\n[notice]\nhide = true\n",
    );
    story.replace(
        "home/.codex/config.toml",
        "sandbox_mode = 'read-only'\nmodel = \"gpt-5\"\n[projects.\"/src/a.b\"]\ntrust_level = \"trusted\"\n",
    );
    let rows = run.wait(&path, 3);
    assert_eq!(
        told(&rows[2]),
        change("projects.\"/src/a.b\".trust_level", "set", json!(null), json!("trusted"))
    );
}

#[test]
fn no_value_stands_but_what_its_key_allows() {
    const SECRET: &str = "s3cret-value";
    let mut story = Story::new();
    let text = json!({
        "apiKeyHelper": SECRET,
        "env": {"ANTHROPIC_BASE_URL": format!("https://u:{SECRET}@h.example/{SECRET}?k={SECRET}"),
            "ANTHROPIC_API_KEY": SECRET, "CLAUDE_CODE_USE_BEDROCK": SECRET},
        "hooks": {"PreToolUse": [{"matcher": SECRET, "hooks": [{"type": "command", "command": SECRET}]}]},
        "model": SECRET,
        "permissions": {"allow": [SECRET, format!("Bash({SECRET})")], "defaultMode": SECRET,
            "additionalDirectories": [SECRET]},
        "somethingNew": {"deep": [SECRET]},
        "cleanupPeriodDays": SECRET,
    });
    story.write("home/.claude/settings.json", text.to_string());
    let servers = json!({"mcpServers": {"a": {"command": SECRET, "args": [SECRET],
        "env": {"TOKEN": SECRET}, "url": format!("https://{SECRET}@m.example/{SECRET}")}}});
    story.write("project/.mcp.json", servers.to_string());
    story.write("project/CLAUDE.md", SECRET);
    let toml = format!(
        "model_provider = '{SECRET}'\nnotify = ['{SECRET}']\n[model_providers.x]\n\
         base_url = 'https://{SECRET}:x@c.example/{SECRET}'\nexperimental_bearer_token = '{SECRET}'\n\
         http_headers = {{ a = '{SECRET}' }}\n"
    );
    story.write("home/.codex/config.toml", toml);
    story.write("home/.codex/auth.json", SECRET);
    let run = story.start();
    run.orders().dir(&story.path("project"));
    let rows = run.wait(&story.path("home/.claude/settings.json"), 12);
    let key = |key: &str| rows.iter().find(|row| row.key == key).unwrap();
    assert_eq!(key("env.ANTHROPIC_BASE_URL").after, Some(json!("h.example")));
    assert_eq!(key("hooks.PreToolUse").after, Some(json!("command")));
    assert_eq!(key("somethingNew").after, None);
    run.wait(&story.path("project/.mcp.json"), 4);
    run.wait(&story.path("project/CLAUDE.md"), 1);
    run.wait(&story.path("home/.codex/config.toml"), 5);
    run.wait(&story.path("home/.codex/auth.json"), 1);
    run.stop();
    for entry in fs::read_dir(story.path("state")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let secret = SECRET.as_bytes();
        let found = bytes.windows(secret.len()).position(|window| window == secret);
        let around = found.map(|at| &bytes[at.saturating_sub(200)..(at + 50).min(bytes.len())]);
        assert_eq!(around.map(String::from_utf8_lossy), None);
    }
}

#[test]
fn whatever_stands_in_place_of_a_file_is_told_and_hangs_nobody() {
    let mut story = Story::new();
    let deep = "[".repeat(100_000);
    story.write("home/.claude/settings.json", "{\"model\": \"opus\",\n \"x\": \0}");
    story.write("project/.claude/settings.local.json", deep);
    story.write("home/.codex/config.toml", "model = \n");
    fs::create_dir(story.path("home/.codex/hooks.json")).unwrap();
    symlink("/dev/zero", story.path("home/.codex/AGENTS.md")).unwrap();
    symlink("loop", story.path("home/.codex/loop")).unwrap();
    symlink("loop", story.path("home/.claude/CLAUDE.md")).unwrap();
    symlink("CLAUDE.md", story.path("home/.claude/loop")).unwrap();
    let fifo = story.path("project/.mcp.json");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let large = fs::File::create(story.path("project/AGENTS.md")).unwrap();
    large.set_len(100 << 20).unwrap();
    let run = story.start();
    run.orders().dir(&story.path("project"));
    for file in [
        "home/.claude/settings.json",
        "project/.claude/settings.local.json",
        "home/.claude/CLAUDE.md",
        "home/.codex/config.toml",
        "home/.codex/hooks.json",
        "project/.mcp.json",
        "project/AGENTS.md",
    ] {
        let rows = run.wait(&story.path(file), 1);
        assert_eq!(
            told(&rows[0]),
            change("@file", "set", json!(null), json!("unreadable")),
            "{file}"
        );
    }
    let rows = run.wait(&story.path("home/.codex/AGENTS.md"), 1);
    assert_eq!(rows[0].after, Some(json!("unreadable")));
    // And when it is mended, what it says is told.
    story.replace("home/.claude/settings.json", r#"{"model": "opus"}"#);
    let rows = run.wait(&story.path("home/.claude/settings.json"), 3);
    assert_eq!(told(&rows[1]), change("@file", "changed", json!("unreadable"), json!("present")));
    assert_eq!(told(&rows[2]), change("model", "set", json!(null), json!("opus")));
}

#[test]
fn of_a_key_that_stands_twice_the_last_one_counts() {
    let mut story = Story::new();
    story.write("home/.claude/settings.json", r#"{"model": "opus", "model": "haiku"}"#);
    let run = story.start();
    let rows = run.wait(&story.path("home/.claude/settings.json"), 2);
    assert_eq!(told(&rows[0]), change("@twice", "set", json!(null), json!(1)));
    assert_eq!(told(&rows[1]), change("model", "set", json!(null), json!("haiku")));
}

#[test]
fn what_is_something_else_than_it_should_be_is_noted_all_the_same() {
    let mut story = Story::new();
    let text = r#"{"permissions": {"allow": 7, "deny": {"a": 1}}, "hooks": [1], "sandbox": "s3cret",
        "model": null, "env": null}"#;
    story.write("home/.claude/settings.json", text);
    let run = story.start();
    let rows = run.wait(&story.path("home/.claude/settings.json"), 5);
    let told: Vec<_> = rows.iter().map(|row| (&*row.key, &row.after)).collect();
    let keys = ["hooks", "model", "permissions.allow", "permissions.deny", "sandbox"];
    assert_eq!(told, keys.map(|key| (key, &None)));
}

#[test]
fn files_whose_directory_is_made_later_are_seen() {
    let mut story = Story::new();
    fs::remove_dir_all(story.path("home")).unwrap();
    let run = story.start();
    story.write("project/AGENTS.md", "x");
    run.orders().dir(&story.path("project"));
    run.wait(&story.path("project/AGENTS.md"), 1);
    story.write("project/.claude/settings.json", r#"{"model": "opus"}"#);
    let rows = run.wait(&story.path("project/.claude/settings.json"), 1);
    assert_eq!(told(&rows[0]), change("model", "set", json!(null), json!("opus")));
    assert!(!rows[0].found);
    story.write("home/.codex/config.toml", "model = 'gpt-5'");
    run.wait(&story.path("home/.codex/config.toml"), 1);
    fs::remove_dir_all(story.path("project")).unwrap();
    run.wait(&story.path("project/.claude/settings.json"), 3);
    story.write("project/.claude/settings.json", r#"{"model": "haiku"}"#);
    run.wait(&story.path("project/.claude/settings.json"), 4);
    story.write("project/.claude/skills/a/SKILL.md", "x");
    run.wait(&story.path("project/.claude/skills/a/SKILL.md"), 1);
    // Of an empty file it is told that it is there.
    story.write("project/.codex/hooks.json", "{}");
    let rows = run.wait(&story.path("project/.codex/hooks.json"), 1);
    assert_eq!(told(&rows[0]), change("@file", "set", json!(null), json!("present")));
}

#[test]
fn what_changes_while_nobody_looks_is_told_at_the_next_start() {
    let mut story = Story::new();
    let settings = "home/.claude/settings.json";
    story.write(settings, r#"{"model": "opus"}"#);
    story.write("home/.codex/config.toml", "model = 'gpt-5'");
    let run = story.start();
    run.wait(&story.path(settings), 1);
    run.wait(&story.path("home/.codex/config.toml"), 1);
    run.stop();
    story.write(settings, r#"{"model": "haiku"}"#);
    fs::remove_file(story.path("home/.codex/config.toml")).unwrap();
    story.write("home/.codex/hooks.json", "{}");
    let run = story.start();
    let rows = run.wait(&story.path(settings), 2);
    assert_eq!(told(&rows[1]), change("model", "changed", json!("opus"), json!("haiku")));
    run.wait(&story.path("home/.codex/config.toml"), 3);
    let rows = run.wait(&story.path("home/.codex/hooks.json"), 1);
    assert!(!rows[0].found);
    run.stop();
    // And what has not changed is not told again.
    let run = story.start();
    story.write("home/.codex/AGENTS.md", "x");
    run.wait(&story.path("home/.codex/AGENTS.md"), 1);
    assert_eq!(run.rows(&story.path(settings)).len(), 2);
}

#[test]
fn a_link_is_told_and_what_it_leads_to_is_read() {
    let mut story = Story::new();
    story.write("shared/settings.json", r#"{"model": "opus"}"#);
    symlink(story.path("shared/settings.json"), story.path("home/.claude/settings.json")).unwrap();
    let run = story.start();
    let rows = run.wait(&story.path("home/.claude/settings.json"), 2);
    let target = json!(story.path("shared/settings.json").to_str().unwrap());
    assert_eq!(told(&rows[0]), change("@link", "set", json!(null), target));
    assert_eq!(told(&rows[1]), change("model", "set", json!(null), json!("opus")));
}

#[test]
fn secrets_that_others_can_read_are_a_finding_until_they_cannot() {
    let mut story = Story::new();
    story.write("home/.codex/auth.json", "{}");
    let auth = story.path("home/.codex/auth.json");
    fs::set_permissions(&auth, fs::Permissions::from_mode(0o644)).unwrap();
    let run = story.start();
    let rows = run.wait(&auth, 1);
    assert_eq!(told(&rows[0]), change("@mode", "set", json!(null), json!("0644")));
    let findings = |run: &Run| {
        let dir = Some(story.path("home").to_str().unwrap().to_owned());
        run.reader.findings(&Filter { dir, ..Filter::default() }).unwrap().rows
    };
    let [finding] = &findings(&run)[..] else { panic!("one finding") };
    let FindingRow { risk, key, fix, .. } = finding;
    assert_eq!((*risk, &**key, &**fix), (Risk::High, "@mode", "chmod 600"));
    fs::set_permissions(&auth, fs::Permissions::from_mode(0o600)).unwrap();
    run.wait(&auth, 2);
    assert_eq!(findings(&run), []);
}

#[test]
fn what_is_in_force_is_told_with_the_layer_that_says_so() {
    let mut story = Story::new();
    story.write("home/.claude/settings.json", r#"{"model": "opus", "cleanupPeriodDays": 10}"#);
    story.write(
        "project/.claude/settings.json",
        r#"{"model": "haiku", "permissions": {"defaultMode": "bypassPermissions", "allow": ["Bash"]}}"#,
    );
    let run = story.start();
    run.orders().dir(&story.path("project"));
    run.wait(&story.path("home/.claude/settings.json"), 2);
    run.wait(&story.path("project/.claude/settings.json"), 3);
    let project = story.path("project").to_str().unwrap().to_owned();
    let filter = Filter { agent: Some("claude".into()), dir: Some(project), ..Filter::default() };
    let rows = run.reader.settings(&filter, None).unwrap();
    let of = |key: &str, layer: &str| -> &SettingRow {
        rows.iter().find(|row| row.key == key && row.layer == layer).unwrap()
    };
    assert_eq!(of("model", "project").in_force, InForce::Yes);
    assert_eq!(of("model", "user").in_force, InForce::No);
    assert_eq!(of("cleanupPeriodDays", "user").in_force, InForce::Yes);
    assert_eq!(of("cleanupPeriodDays", "default").in_force, InForce::No);
    assert_eq!(of("permissions.defaultMode", "project").in_force, InForce::Unknown);
    assert_eq!(of("permissions.allow", "project").in_force, InForce::No);
}

#[test]
fn that_configuration_is_watched_is_said() {
    let mut story = Story::new();
    let mut run = story.start();
    let event = run.events.blocking_recv().unwrap();
    let Event::Source(report) = event else { panic!("a report") };
    assert_eq!((report.name, report.state), (NAME, State::Active));
}
