//! The text of the systemd user unit: how ours is written, and what another one says.

use std::path::{Path, PathBuf};

use super::site::{Site, speakable};

/// The unit's name.
pub(crate) const NAME: &str = "trackwayd.service";
const TEMPLATE: &str = include_str!("../../../packaging/systemd/trackwayd.service");

/// What a unit file says of the daemon that it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The file.
    pub(crate) path: PathBuf,
    /// The program.
    pub(crate) program: PathBuf,
    /// The directory of its ledger.
    pub(crate) ledger: PathBuf,
}

/// Returns the unit that runs the site's program in the site's places.
pub(crate) fn text(site: &Site) -> String {
    let program = speakable(&site.program).expect("a site has been checked");
    let mut unit = String::with_capacity(TEMPLATE.len() + 512);
    for line in TEMPLATE.lines() {
        if line.starts_with("ExecStart=") {
            unit += &format!("ExecStart={} run\n", quoted(program));
            for (name, value) in &site.named {
                unit += &format!("Environment={}\n", quoted(&format!("{name}={value}")));
            }
        } else {
            unit += line;
            unit.push('\n');
        }
    }
    unit
}

/// Quotes a value for a unit file. A `$` has no meaning in the program's path and in `Environment=`.
fn quoted(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{value}\"")
}

/// Reads a unit file.
pub(crate) fn read(path: &Path, text: &str, home: &Path) -> Unit {
    let home_text = home.to_string_lossy();
    let value = |word: &str| expanded(word, &home_text);
    let mut program = home.join(".local/bin/trackwayd");
    let (mut ledger, mut state_home) = (None, None);
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("ExecStart=") {
            let command = command.trim_start_matches(['-', '@', ':', '+', '!']);
            if let Some(word) = words(command).first() {
                program = value(word).into();
            }
        } else if let Some(variables) = line.strip_prefix("Environment=") {
            for word in words(variables) {
                match value(&word).split_once('=') {
                    Some(("TRACKWAY_STATE_DIR", dir)) => ledger = Some(PathBuf::from(dir)),
                    Some(("XDG_STATE_HOME", dir)) => state_home = Some(PathBuf::from(dir)),
                    _ => {}
                }
            }
        }
    }
    let ledger = ledger.unwrap_or_else(|| {
        state_home.unwrap_or_else(|| home.join(".local/state")).join("trackway")
    });
    Unit { path: path.to_owned(), program, ledger }
}

/// Replaces the specifiers that a unit of ours may have.
fn expanded(word: &str, home: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let mut chars = word.chars();
    while let Some(char) = chars.next() {
        match (char, chars.as_str().chars().next()) {
            ('%', Some('%')) => text.push('%'),
            ('%', Some('h')) => text += home,
            (char, _) => {
                text.push(char);
                continue;
            }
        }
        chars.next();
    }
    text
}

/// Takes a line apart as systemd writes and reads it: words between blanks, or within quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match (char, quote) {
            (' ' | '\t' | '\n', None) => words.extend(word.take()),
            ('"' | '\'', None) => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (char, Some(open)) if char == open => quote = None,
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (char, _) => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn odd(program: &str, state_home: &str) -> Site {
        Site {
            program: program.into(),
            named: vec![("XDG_STATE_HOME", state_home.into())],
            ..Site::usual()
        }
    }

    #[test]
    fn a_unit_is_the_template_with_program_and_places() {
        let text = text(&odd("/opt/a b/%h $HOME/\"x\"\\/trackwayd", "/data/100% $X"));
        let lines: Vec<_> = text.lines().collect();
        let start = lines.iter().position(|line| line.starts_with("ExecStart=")).unwrap();
        assert_eq!(lines[start], r#"ExecStart="/opt/a b/%%h $HOME/\"x\"\\/trackwayd" run"#);
        assert_eq!(lines[start + 1], r#"Environment="XDG_STATE_HOME=/data/100%% $X""#);
        assert_eq!(lines.len(), TEMPLATE.lines().count() + 1);
    }

    #[test]
    fn a_unit_of_the_usual_places_names_none() {
        assert!(!text(&Site::usual()).contains("Environment="));
    }

    #[test]
    fn a_unit_of_a_package_is_read_as_well() {
        let path = Path::new("/usr/lib/systemd/user/trackwayd.service");
        let home = Path::new("/home/ann");
        let unit = read(path, "[Service]\nExecStart=-/usr/bin/trackwayd run\n", home);
        assert_eq!(unit.program, Path::new("/usr/bin/trackwayd"));
        assert_eq!(unit.ledger, Path::new("/home/ann/.local/state/trackway"));
        let unit = read(path, TEMPLATE, home);
        assert_eq!(unit.program, Path::new("/home/ann/.local/bin/trackwayd"));
    }

    #[test]
    fn a_ledger_of_its_own_counts_more_than_where_state_is() {
        let text = "Environment=XDG_STATE_HOME=/a TRACKWAY_STATE_DIR=/b\\ c\n";
        assert_eq!(read(Path::new("/u"), text, Path::new("/h")).ledger, Path::new("/b c"));
    }

    #[test]
    fn words_are_taken_apart_as_systemd_quotes_them() {
        let path = r#"/etc/systemd/user "/home/a b/\$x/\"q\"" /run"#;
        assert_eq!(words(path), ["/etc/systemd/user", "/home/a b/$x/\"q\"", "/run"]);
        assert_eq!(words("  \"\" x "), ["", "x"]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(name in "[ -~äß日]{1,20}", state in "[ -~ä]{1,20}") {
            let site = odd(&format!("/opt/{name}/trackwayd"), &format!("/data/{state}"));
            let unit = read(Path::new("/u"), &text(&site), &site.home);
            prop_assert_eq!(unit.program, site.program);
            prop_assert_eq!(unit.ledger, Path::new(&site.named[0].1).join("trackway"));
        }
    }
}
