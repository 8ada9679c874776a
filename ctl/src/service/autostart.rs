//! The entry by which a desktop session starts the daemon where no manager does.
//!
//! Its form is that of the freedesktop.org desktop entry and autostart specifications.

use std::path::{Path, PathBuf};

use super::site::{Site, speakable};

/// Tells whose the entry is: there is one name for all installations of a user.
const LEDGER: &str = "X-Trackway-Ledger=";
/// Where a machine with desktops has the list of them.
const SESSIONS: [&str; 2] = ["/usr/share/wayland-sessions", "/usr/share/xsessions"];

/// Returns the place of the entry.
pub(super) fn path(site: &Site) -> PathBuf {
    site.config_home.join("autostart").join("trackwayd.desktop")
}

/// Whether a desktop session could read the entry.
pub(super) fn is_heeded() -> bool {
    let is_in_one = ["XDG_CURRENT_DESKTOP", "DESKTOP_SESSION"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    cfg!(all(unix, not(target_os = "macos")))
        && (is_in_one || SESSIONS.iter().any(|dir| Path::new(dir).is_dir()))
}

/// Whether an entry that is there belongs to another ledger.
pub(super) fn is_others(entry: &str, site: &Site) -> bool {
    let ledger = entry.lines().find_map(|line| line.strip_prefix(LEDGER));
    ledger.is_none_or(|ledger| ledger != escaped(&state_dir(site)))
}

/// Returns the entry.
pub(super) fn text(site: &Site) -> String {
    let ctl = speakable(&site.ctl).expect("a site has been checked");
    let mut words: Vec<_> = Vec::new();
    if !site.named.is_empty() {
        words.push("env".to_owned());
        words.extend(site.named.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
    }
    words.push(quoted(ctl));
    format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Trackway\n\
         Comment=Records where AI coding agents have been\n\
         Exec={} service start\n\
         Terminal=false\n\
         NoDisplay=true\n\
         {LEDGER}{}\n",
        escaped(&words.join(" ")),
        escaped(&state_dir(site)),
    )
}

fn state_dir(site: &Site) -> String {
    speakable(&site.places.state_dir).expect("a site has been checked").to_owned()
}

/// Quotes a word of `Exec=`.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for char in word.chars() {
        if matches!(char, '"' | '`' | '$' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
        if char == '%' {
            quoted.push(char);
        }
    }
    quoted.push('"');
    quoted
}

/// Escapes a value: what is quoted for `Exec=` is a string of the entry besides.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'e>(entry: &'e str, key: &str) -> &'e str {
        entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
    }

    #[test]
    fn an_entry_of_the_usual_places_starts_the_service() {
        let entry = text(&Site::usual());
        assert_eq!(value(&entry, "Exec"), "\"/home/ann/.local/bin/trackwayctl\" service start");
        assert!(entry.starts_with("[Desktop Entry]\nType=Application\n"));
    }

    #[test]
    fn places_and_odd_names_are_quoted_twice() {
        let site = Site {
            named: vec![("XDG_STATE_HOME", "/100% $x".into())],
            ctl: "/a \"b\"\\c`/trackwayctl".into(),
            ..Site::usual()
        };
        assert_eq!(
            value(&text(&site), "Exec"),
            r#"env "XDG_STATE_HOME=/100%% \\$x" "/a \\"b\\"\\\\c\\`/trackwayctl" service start"#
        );
    }

    #[test]
    fn an_entry_is_its_ledgers_and_no_others() {
        let mut other = Site::usual();
        other.places.state_dir = "/data/other".into();
        let entry = text(&other);
        assert!(is_others(&entry, &Site::usual()) && !is_others(&entry, &other));
        assert!(is_others("[Desktop Entry]\n", &other), "what does not say is not ours");
    }
}
