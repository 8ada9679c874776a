//! The launchd of macOS: an agent of the user's, by `launchctl`.
//!
//! The texts are tested; the orders were never given to a real launchd.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::child::Order;
use super::error::ServiceError;
use super::installed::{self, Installed};
use super::site::{Site, speakable};
use super::{Afterwards, State, log, process};

/// The agent's name.
const LABEL: &str = "trackwayd";
const TEMPLATE: &str = include_str!("../../../packaging/launchd/trackwayd.plist");
/// How long an agent that was told to go may stay.
const GONE: Duration = Duration::from_secs(20);

/// A launch agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Launchd;

impl Launchd {
    /// Writes the agent's description and has it start with the session.
    pub(super) fn install(self, site: &Site, list: &Installed) -> Result<String, ServiceError> {
        let plist = path(site);
        list.add(&site.log())?;
        list.put(&plist, &text(site))?;
        launchctl(["enable", &target()]).done()?;
        Ok(format!("Wrote and enabled {}", plist.display()))
    }

    /// Stops the agent and removes its description and its log.
    pub(super) fn uninstall(
        self,
        site: &Site,
        tell: &mut dyn FnMut(String),
    ) -> Result<(), ServiceError> {
        self.stop()?;
        for path in [path(site), site.log()] {
            if installed::remove(&path)? {
                tell(format!("Removed {}", path.display()));
            }
        }
        Ok(())
    }

    /// Makes the agent known, which starts it.
    pub(super) fn start(self, site: &Site) -> Result<(), ServiceError> {
        let plist = path(site).into_os_string();
        if self.shown().is_none() {
            launchctl(["bootstrap", &domain()]).args([plist]).done()?;
        }
        launchctl(["kickstart", &target()]).done().map(drop)
    }

    /// Stops the agent and waits until launchd knows it no more: before that it cannot be started.
    pub(super) fn stop(self) -> Result<(), ServiceError> {
        let order = launchctl(["bootout", &target()]);
        order.run()?;
        let deadline = Instant::now() + GONE;
        while self.shown().is_some() {
            if Instant::now() >= deadline {
                return Err(order.failed("left the agent running".into()));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Returns what launchd says of the agent.
    pub(super) fn state(self, site: &Site) -> State {
        let state = self.shown().and_then(|shown| value(&shown, "state"));
        let disabled = launchctl(["print-disabled", &domain()]).done().ok();
        State {
            file: Some(path(site)),
            program: std::fs::read_to_string(path(site)).ok().and_then(|text| program(&text)),
            state: state.or_else(|| Some("not loaded".into())),
            enabled: disabled.map(|said| !is_disabled(&said)),
            linger: None,
        }
    }

    /// Returns the end of its log.
    pub(super) fn last_words(self, site: &Site) -> Vec<String> {
        log::last(&site.log(), 20).map(|(lines, _)| lines).unwrap_or_default()
    }

    /// Returns whether it outlives the session: an agent does not.
    pub(super) fn afterwards(self) -> Afterwards {
        Afterwards::UntilLogoutAlways
    }

    fn shown(self) -> Option<String> {
        launchctl(["print", &target()]).done().ok()
    }
}

/// Whether launchd has a session for this user.
pub(super) fn answers() -> bool {
    cfg!(target_os = "macos") && launchctl(["print", &domain()]).done().is_ok()
}

/// Returns the place of the agent's description.
pub(super) fn path(site: &Site) -> PathBuf {
    site.home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"))
}

/// Returns the agent's description.
pub(super) fn text(site: &Site) -> String {
    let plain =
        |path: &std::path::Path| speakable(path).expect("a site has been checked").to_owned();
    let entry = |(name, value): &(&str, String)| {
        format!("        <key>{name}</key>\n        <string>{}</string>\n", escaped(value))
    };
    let places: String = site.named.iter().map(entry).collect();
    TEMPLATE
        .replace("@PROGRAM@", &escaped(&plain(&site.program)))
        .replace("@LOG@", &escaped(&plain(&site.log())))
        .replace("        @PLACES@\n", &places)
}

/// Escapes a text for XML.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// Undoes [`escaped`].
pub(super) fn unescaped(text: &str) -> String {
    let text = text.replace("&apos;", "'").replace("&quot;", "\"");
    text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

fn program(plist: &str) -> Option<PathBuf> {
    let (_, arguments) = plist.split_once("<key>ProgramArguments</key>")?;
    let (_, first) = arguments.split_once("<string>")?;
    first.split_once("</string>").map(|(program, _)| unescaped(program).into())
}

/// Returns a value of what `launchctl print` says, at the outermost level.
fn value(shown: &str, name: &str) -> Option<String> {
    let lines = shown.lines().filter_map(|line| line.strip_prefix('\t')?.split_once(" = "));
    lines.into_iter().find(|(it, _)| *it == name).map(|(_, value)| value.to_owned())
}

fn is_disabled(said: &str) -> bool {
    let quoted = format!("\"{LABEL}\" => ");
    let state = said.lines().find_map(|line| line.trim().strip_prefix(&quoted));
    state.is_some_and(|state| matches!(state, "disabled" | "true"))
}

fn domain() -> String {
    format!("gui/{}", process::user().unwrap_or_default())
}

fn target() -> String {
    format!("{}/{LABEL}", domain())
}

fn launchctl<'a>(words: impl IntoIterator<Item = &'a str>) -> Order {
    Order::new(["launchctl"]).args(words)
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    #[test]
    fn the_description_is_well_formed_whatever_the_names_are() {
        let site = Site {
            program: "/a b/<&>\"'/trackwayd".into(),
            named: vec![("TRACKWAY_STATE_DIR", "/s & t".into())],
            ..Site::usual()
        };
        let text = text(&site);
        xml::check(&text).unwrap();
        assert!(!text.contains('@'), "{text}");
        assert!(text.contains("<string>/s &amp; t</string>"), "{text}");
        assert_eq!(program(&text), Some(site.program));
    }

    #[test]
    fn the_description_of_the_usual_places_names_none() {
        let text = text(&Site::usual());
        xml::check(&text).unwrap();
        assert!(!text.contains("TRACKWAY_") && !text.contains('@'), "{text}");
    }

    #[test]
    fn what_launchd_says_is_understood() {
        let shown =
            "gui/501/trackwayd = {\n\tactive count = 1\n\tstate = running\n\t\tstate = x\n}\n";
        assert_eq!(value(shown, "state").as_deref(), Some("running"));
        assert_eq!(value(shown, "pid"), None);
        assert!(is_disabled("\t\"trackwayd\" => disabled\n"));
        assert!(!is_disabled("\t\"trackwayd\" => enabled\n") && !is_disabled(""));
    }
}
