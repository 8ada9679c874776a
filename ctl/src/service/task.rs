//! The Windows task scheduler: a task that starts at logon with the user's own rights, by `schtasks`.
//!
//! A Windows *service* would run in a session of its own and for nobody in particular. The texts are
//! tested; the orders were never given to a real scheduler.

use std::path::PathBuf;
use std::time::Duration;

use super::child::Order;
use super::error::ServiceError;
use super::installed::{self, Access};
use super::launchd::{escaped, unescaped};
use super::site::{Site, speakable};
use super::{Afterwards, State};

/// The task's name.
const NAME: &str = "trackwayd";
const TEMPLATE: &str = include_str!("../../../packaging/windows/trackwayd.xml");
const ANSWER: Duration = Duration::from_secs(10);

/// A scheduled task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task;

impl Task {
    /// Registers the task.
    pub(super) fn install(self, site: &Site) -> Result<String, ServiceError> {
        let file = site.places.state_dir.join("trackwayd.task.xml");
        // The scheduler reads what it writes itself: UTF-16, with a mark in front.
        let text = text(site, &account());
        let bytes: Vec<u8> =
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        installed::put(&file, &bytes, Access::Private)?;
        let registered = schtasks("/create").args(["/f", "/xml"]).args([&file]).done();
        installed::remove(&file)?;
        registered?;
        Ok(format!("Registered the task {NAME}"))
    }

    /// Stops the task and has the scheduler forget it.
    pub(super) fn uninstall(self, tell: &mut dyn FnMut(String)) -> Result<(), ServiceError> {
        self.stop()?;
        schtasks("/delete").args(["/f"]).done()?;
        tell(format!("Removed the task {NAME}"));
        Ok(())
    }

    /// Runs the task now.
    pub(super) fn start(self) -> Result<(), ServiceError> {
        schtasks("/run").done().map(drop)
    }

    /// Ends the task. The scheduler knows no gentler way; the ledger bears it.
    pub(super) fn stop(self) -> Result<(), ServiceError> {
        schtasks("/end").run().map(drop)
    }

    /// Returns what the scheduler says of the task.
    pub(super) fn state(self) -> State {
        let xml = schtasks("/query").args(["/xml"]).within(ANSWER).done().ok();
        State {
            program: xml.as_deref().and_then(|xml| element(xml, "Command")).map(PathBuf::from),
            enabled: xml.as_deref().map(|xml| {
                // Both the task and its trigger can be switched off; what is not said is on.
                !xml.contains("<Enabled>false</Enabled>")
            }),
            ..State::default()
        }
    }

    /// Returns whether it outlives the session: the task ends with it.
    pub(super) fn afterwards(self) -> Afterwards {
        Afterwards::UntilLogoutAlways
    }
}

/// Whether there is a scheduler.
pub(super) fn answers() -> bool {
    cfg!(windows) && Order::new(["schtasks", "/?"]).within(ANSWER).done().is_ok()
}

/// Whether the task is registered.
pub(super) fn is_registered() -> bool {
    cfg!(windows) && schtasks("/query").within(ANSWER).done().is_ok()
}

fn schtasks(what: &str) -> Order {
    Order::new(["schtasks", what, "/tn", NAME])
}

/// Returns the task's description for an account. A task has no environment: places are options.
fn text(site: &Site, account: &str) -> String {
    let program = speakable(&site.program).expect("a site has been checked");
    let mut arguments = String::from("run");
    for (name, value) in &site.named {
        let option = match *name {
            "TRACKWAY_CONFIG" => "--config",
            "TRACKWAY_STATE_DIR" => "--state-dir",
            "TRACKWAY_SOCKET" => "--socket",
            _ => continue,
        };
        arguments += &format!(" {option} {}", quoted(value));
    }
    TEMPLATE
        .replace("@ACCOUNT@", &escaped(account))
        .replace("@PROGRAM@", &escaped(program))
        .replace("@ARGUMENTS@", &escaped(&arguments))
}

/// Quotes an argument as Windows programs take their command line apart: backslashes count only
/// before a quotation mark, and one stands at the end.
fn quoted(argument: &str) -> String {
    let (mut quoted, mut backslashes) = (String::from("\""), 0);
    for char in argument.chars() {
        match char {
            '\\' => backslashes += 1,
            '"' => {
                quoted += &"\\".repeat(backslashes + 1);
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(char);
    }
    quoted += &"\\".repeat(backslashes);
    quoted.push('"');
    quoted
}

fn account() -> String {
    let value = |name| std::env::var(name).unwrap_or_default();
    match (value("USERDOMAIN"), value("USERNAME")) {
        (domain, name) if domain.is_empty() => name,
        (domain, name) => format!(r"{domain}\{name}"),
    }
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| unescaped(text))
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    #[test]
    fn the_description_is_well_formed_and_asks_for_no_more_than_the_users_rights() {
        let site = Site {
            program: r"C:\Program Files\R&D\trackwayd.exe".into(),
            named: vec![
                ("TRACKWAY_STATE_DIR", r"D:\my state\".into()),
                ("XDG_STATE_HOME", "/x".into()),
            ],
            ..Site::usual()
        };
        let text = text(&site, r"CORP\ann & bob");
        xml::check(&text).unwrap();
        assert!(!text.contains('@'), "{text}");
        assert_eq!(element(&text, "RunLevel").as_deref(), Some("LeastPrivilege"));
        assert_eq!(element(&text, "Command").map(PathBuf::from), Some(site.program));
        assert_eq!(
            element(&text, "Arguments").as_deref(),
            Some(r#"run --state-dir "D:\my state\\""#)
        );
        assert_eq!(element(&text, "UserId").as_deref(), Some(r"CORP\ann & bob"));
    }

    #[test]
    fn arguments_are_quoted_as_windows_takes_them_apart() {
        assert_eq!(quoted(r"C:\a b"), r#""C:\a b""#);
        assert_eq!(quoted(r"C:\a b\"), r#""C:\a b\\""#);
        assert_eq!(quoted(r#"a\"b"#), r#""a\\\"b""#);
    }
}
