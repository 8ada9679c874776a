//! Programs of the system that are run: by explicit arguments, for a limited time.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::error::ServiceError;
use crate::render::text::quoted;

/// How much of its words is kept.
const MOST: u64 = 1024 * 1024;
/// How many of its last lines an error tells.
const LAST: usize = 3;

/// A program to be run, and for how long.
#[derive(Debug)]
pub(crate) struct Order {
    words: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    patience: Duration,
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Order {
    /// Returns an order that is given up after a minute.
    pub(crate) fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { words, env: Vec::new(), patience: Duration::from_secs(60) }
    }

    /// Adds arguments.
    pub(crate) fn args<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Changes for how long it may run.
    pub(crate) fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Returns the command as one would type it.
    pub(crate) fn shown(&self) -> String {
        let words = self.words.iter().map(|word| quoted(&word.to_string_lossy()));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Runs it, and returns what it said, whether it succeeded or not.
    pub(crate) fn run(&self) -> Result<Said, ServiceError> {
        let mut child = self.command().spawn().map_err(|error| self.failed(error.to_string()))?;
        let stdout = listen(child.stdout.take());
        let stderr = listen(child.stderr.take());
        let status = self.end(&mut child)?;
        Ok(Said { status, stdout: heard(&stdout), stderr: heard(&stderr) })
    }

    /// Runs it, and fails where it does.
    pub(crate) fn done(&self) -> Result<String, ServiceError> {
        let said = self.run()?;
        if said.status.success() {
            return Ok(said.stdout);
        }
        Err(self.failed(format!("failed ({}){}", said.status, last_words(&said))))
    }

    /// Returns the command, whose words we listen to.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn end(&self, child: &mut Child) -> Result<ExitStatus, ServiceError> {
        let deadline = Instant::now() + self.patience;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                Ok(None) => {
                    child.kill().ok();
                    child.wait().ok();
                    let limit = self.patience.as_secs();
                    return Err(self.failed(format!("did not end within {limit} s")));
                }
                Err(error) => return Err(self.failed(error.to_string())),
            }
        }
    }

    pub(crate) fn failed(&self, outcome: String) -> ServiceError {
        ServiceError::Command { command: self.shown(), outcome }
    }
}

/// Reads on a thread of its own: a full pipe would keep the program from ending.
fn listen(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, heard) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut words = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.by_ref().take(MOST).read_to_end(&mut words).ok();
            io::copy(&mut pipe, &mut io::sink()).ok();
        }
        sender.send(String::from_utf8_lossy(&words).into_owned()).ok();
    });
    heard
}

/// Returns what was read. What the program left behind may hold the pipe for ever.
fn heard(words: &Receiver<String>) -> String {
    words.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
}

fn last_words(said: &Said) -> String {
    let words = if said.stderr.trim().is_empty() { &said.stdout } else { &said.stderr };
    let lines: Vec<_> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.len() {
        0 => String::new(),
        count => format!(": {}", lines[count.saturating_sub(LAST)..].join("; ")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Order {
        Order::new(["sh", "-c", script])
    }

    #[test]
    fn a_failure_tells_the_command_and_its_last_words() {
        let error = shell("echo one >&2; echo two >&2; exit 3").done().unwrap_err().to_string();
        assert!(error.starts_with("`sh -c 'echo one >&2; "), "{error}");
        assert!(error.ends_with("` failed (exit status: 3): one; two"), "{error}");
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let order = shell("sleep 60").within(Duration::from_millis(50));
        let error = order.done().unwrap_err().to_string();
        assert!(error.ends_with("did not end within 0 s"), "{error}");
    }

    #[test]
    fn many_words_do_not_keep_a_program_from_ending() {
        let said = shell("head -c 3000000 /dev/zero | tr '\\0' x").run().unwrap();
        assert!(said.status.success());
        assert_eq!(said.stdout.len() as u64, MOST);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Order::new(["no-such-program"]).done().unwrap_err().to_string();
        assert!(error.starts_with("`no-such-program` "), "{error}");
    }
}
