//! A daemon that says what a test wants it to, on a socket of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const HELLO: &str = r#"{"type":"hello","protocol":1,"version":"0.1.0"}"#;

/// A launch that runs, in a directory with a hostile name.
pub(crate) const LAUNCH: &str = r#"{"id":"3f2a9c41-0000-8000-8000-000000000001","agent":"claude","agent_version":null,"layout":null,"mode":"headless","pid":7,"started_at":"2026-11-16T11:57:00.000Z","ended_at":null,"end_seen":null,"exit_code":null,"signal":null,"duration_ms":null,"cwd":"/home/ann/\u001b[2J\u202esrc","repo":null,"repo_unknown":null,"argv":null,"flags":null,"exe":null,"tty":null,"launcher":null,"parent_launch":null,"endpoint":null,"namespace":"host","found_running":false,"sessions":null,"unread_execs":null,"evidence":"kernel"}"#;

/// A listener whose connections are each played the same script.
pub(crate) struct Fake {
    pub(crate) home: TempDir,
}

/// One connection, seen from the daemon.
pub(crate) struct Talk {
    reader: BufReader<UnixStream>,
}

impl Fake {
    /// Listens, and plays `script` to whoever connects.
    pub(crate) fn new(script: impl Fn(&mut Talk) + Send + 'static) -> Self {
        let fake = Self::absent();
        let listener = UnixListener::bind(fake.socket()).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                script(&mut Talk { reader: BufReader::new(stream.unwrap()) });
            }
        });
        fake
    }

    /// Greets, and answers every request with the lines that `answer` gives for it.
    pub(crate) fn answering(answer: impl Fn(&Value) -> String + Send + 'static) -> Self {
        Self::new(move |talk| {
            talk.say(HELLO);
            while let Some(request) = talk.request() {
                talk.say(&answer(&request));
            }
        })
    }

    /// A place where nobody listens.
    pub(crate) fn absent() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { home }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("s")
    }

    /// Returns `trackwayctl`, told to ask here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trackwayctl"));
        command.env_clear().env("HOME", "/home/ann").env("TRACKWAY_SOCKET", self.socket());
        command.args(args).current_dir(self.home.path()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Talk {
    /// Says lines; whether the client still listens is not asked.
    pub(crate) fn say(&mut self, lines: &str) {
        self.send(format!("{lines}\n").as_bytes());
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).ok();
    }

    /// Returns the next request, or nothing when the client has left.
    pub(crate) fn request(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap_or(0);
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }
}

/// Returns an answer of one block.
pub(crate) fn block(kind: &str, lines: &[&str]) -> String {
    let mut answer = format!(r#"{{"type":"{kind}","id":1,"count":{}}}"#, lines.len());
    for line in lines {
        answer += &format!("\n{line}");
    }
    answer + "\n" + r#"{"type":"done","id":1,"seq":41}"#
}

/// Returns the record of the daemon's start with this number.
pub(crate) fn record(seq: u64) -> String {
    format!(
        r#"{{"seq":{seq},"id":"01a20861-8159-7700-a526-3cdda88b8944","at":"2026-11-23T11:00:00.000Z","recorded_at":"2026-11-23T11:00:00.000Z","kind":"daemon.started","evidence":"kernel","body":{{"version":"0.1.0","boot_id":"b","pid":9,"reason":"x"}}}}"#
    )
}

/// Returns the end of an answer.
pub(crate) fn done(id: u64) -> String {
    format!(r#"{{"type":"done","id":{id}}}"#)
}
