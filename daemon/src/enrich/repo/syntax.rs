//! The syntax of git's configuration files.
//!
//! Differs from git in one thing: git refuses a file with an error in it, here the line is left
//! out. A repository that an agent has broken is still a repository.

/// One `key = value`, under the section that it stands in.
pub(super) struct Entry<'a> {
    /// Lower case.
    pub(super) section: &'a [u8],
    /// As written.
    pub(super) subsection: Option<&'a [u8]>,
    /// Lower case.
    pub(super) key: &'a [u8],
    /// Absent where there is no `=`, which means true.
    pub(super) value: Option<&'a [u8]>,
}

/// Calls `visit` with each entry of a file, in order.
pub(super) fn entries(bytes: &[u8], mut visit: impl FnMut(Entry<'_>)) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Reader { bytes };
    // Keys that follow a broken header belong to no section.
    let mut name = None;
    while let Some(byte) = reader.peek() {
        match byte {
            b'[' => match reader.header() {
                Ok(header) => name = Some(header),
                Err(Malformed) => {
                    name = None;
                    reader.skip_line();
                }
            },
            b'a'..=b'z' | b'A'..=b'Z' => match reader.key_and_value() {
                Ok((key, value)) => {
                    if let Some(name) = &name {
                        visit(entry(name, &key, value.as_deref()));
                    }
                }
                Err(Malformed) => reader.skip_line(),
            },
            byte if is_space(byte) => reader.skip(),
            _ => reader.skip_line(),
        }
    }
}

fn entry<'a>(name: &'a [u8], key: &'a [u8], value: Option<&'a [u8]>) -> Entry<'a> {
    match name.iter().position(|byte| *byte == b'.') {
        Some(dot) => {
            Entry { section: &name[..dot], subsection: Some(&name[dot + 1..]), key, value }
        }
        None => Entry { section: name, subsection: None, key, value },
    }
}

/// A line that git would refuse.
struct Malformed;

struct Reader<'a> {
    /// What has not been read yet.
    bytes: &'a [u8],
}

impl Reader<'_> {
    /// Returns the next byte, with either kind of line end as `\n`.
    fn peek(&self) -> Option<u8> {
        match self.bytes {
            [b'\r', b'\n', ..] => Some(b'\n'),
            [byte, ..] => Some(*byte),
            [] => None,
        }
    }

    fn skip(&mut self) {
        let length = if self.bytes.starts_with(b"\r\n") { 2 } else { 1 };
        self.bytes = self.bytes.get(length..).unwrap_or_default();
    }

    /// Leaves out the rest of the line.
    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.skip();
        }
        self.skip();
    }

    /// Reads `[section]`, `[section.subsection]` or `[section "subsection"]` as `section.subsection`.
    fn header(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut name = Vec::new();
        self.skip();
        while let Some(byte) = self.peek().filter(|byte| is_key(*byte) || *byte == b'.') {
            name.push(byte.to_ascii_lowercase());
            self.skip();
        }
        if matches!(self.peek(), Some(b' ' | b'\t')) {
            self.skip_blanks();
            self.subsection(&mut name)?;
        }
        self.expect(b']')?;
        Ok(name)
    }

    fn subsection(&mut self, name: &mut Vec<u8>) -> Result<(), Malformed> {
        self.expect(b'"')?;
        name.push(b'.');
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.skip(),
                _ => {}
            }
            match self.peek() {
                None | Some(b'\n') => return Err(Malformed),
                Some(byte) => name.push(byte),
            }
            self.skip();
        }
        self.expect(b'"')
    }

    fn key_and_value(&mut self) -> Result<(Vec<u8>, Option<Vec<u8>>), Malformed> {
        let mut key = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_key(*byte)) {
            key.push(byte.to_ascii_lowercase());
            self.skip();
        }
        self.skip_blanks();
        match self.peek() {
            None | Some(b'\n') => Ok((key, None)),
            Some(_) => {
                self.expect(b'=')?;
                Ok((key, Some(self.value()?)))
            }
        }
    }

    fn value(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut value = Vec::new();
        // Blanks at the end do not count, unless they were quoted or escaped.
        let mut length = 0;
        let mut is_quoted = false;
        loop {
            match self.peek().unwrap_or(b'\n') {
                b'\n' if is_quoted => return Err(Malformed),
                b'\n' => break,
                b'#' | b';' if !is_quoted => {
                    self.skip_line();
                    break;
                }
                b'"' => {
                    is_quoted = !is_quoted;
                    length = value.len();
                }
                b'\\' => {
                    self.skip();
                    value.extend(self.escaped()?);
                    length = value.len();
                }
                byte if is_space(byte) && !is_quoted => {
                    // Nor do those at the beginning.
                    if !value.is_empty() {
                        value.push(byte);
                    }
                }
                byte => {
                    value.push(byte);
                    length = value.len();
                }
            }
            self.skip();
        }
        value.truncate(length);
        Ok(value)
    }

    /// Reads what follows a backslash, without stepping over it: nothing, where the line goes on.
    fn escaped(&self) -> Result<Option<u8>, Malformed> {
        match self.peek() {
            Some(b'\n') => Ok(None),
            Some(b't') => Ok(Some(b'\t')),
            Some(b'b') => Ok(Some(8)),
            Some(b'n') => Ok(Some(b'\n')),
            Some(byte @ (b'\\' | b'"')) => Ok(Some(byte)),
            _ => Err(Malformed),
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.skip();
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.skip();
        Ok(())
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        entries(text, |entry| {
            let section = [Some(entry.section), entry.subsection].into_iter().flatten();
            let name: Vec<_> = section.chain([entry.key]).map(text_of).collect();
            lines.push(match entry.value {
                Some(value) => format!("{}={}", name.join("|"), text_of(value)),
                None => name.join("|"),
            });
        });
        lines
    }

    #[test]
    fn names_of_sections_and_keys_have_no_case_and_subsections_have() {
        assert_eq!(read(b"[Core]\n\tBare = X\n"), ["core|bare=X"]);
        assert_eq!(read(b"[REMOTE \"Origin\"]URL=u"), ["remote|Origin|url=u"]);
        assert_eq!(read(b"[branch.Main]\nremote = r"), ["branch|main|remote=r"]);
        assert_eq!(read(b"[branch \"a.b]\\\"\\c\"]\nk=1"), ["branch|a.b]\"c|k=1"]);
    }

    #[test]
    fn values_are_unquoted_unescaped_and_trimmed() {
        assert_eq!(read(b"[a]k =  b c \t# d"), ["a|k=b c"]);
        assert_eq!(read(b"[a]k = \" b # c \" ; d"), ["a|k= b # c "]);
        assert_eq!(read(b"[a]k = b\\\n  c\\\r\nd"), ["a|k=b  cd"]);
        assert_eq!(read(br#"[a]k = \t\\\"x"#), ["a|k=\t\\\"x"]);
        assert_eq!(read(b"[a]\nk\nl=\r\nm = 1"), ["a|k", "a|l=", "a|m=1"]);
    }

    #[test]
    fn comments_and_byte_order_marks_are_no_entries() {
        assert_eq!(read(b"\xef\xbb\xbf; [x]\n[a] # b\n# k = 1\nl = 2 ;"), ["a|l=2"]);
        assert_eq!(read(b"[a]\n# goes on \\\nk = 1"), ["a|k=1"]);
    }

    #[test]
    fn a_malformed_line_is_left_out_and_a_malformed_header_takes_its_keys_along() {
        assert_eq!(read(b"k = 0\n[a]\nk = \\x\nl = 1\nm ! 2\n3 = 4\nn = 5"), ["a|l=1", "a|n=5"]);
        assert_eq!(read(b"[a]\nk = \"open\nl = 1"), ["a|l=1"]);
        for header in ["[b", "[b \"c]", "[b c]", "[b \"c\" ]", "[b!]", "[b \"c\n\"]"] {
            let text = format!("[a]\nk = 1\n{header}\nl = 2\n[c]\nm = 3");
            assert_eq!(read(text.as_bytes()), ["a|k=1", "c|m=3"], "{header}");
        }
    }

    /// Runs git's own parser; `None` where it refuses the text.
    fn as_git_reads(text: &str) -> Option<Vec<String>> {
        let mut git = Command::new("git")
            .args(["config", "--list", "-z", "-f", "-"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tests need git");
        git.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = git.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then(|| text.split_terminator('\0').map(str::to_owned).collect())
    }

    proptest! {
        #[test]
        fn what_git_reads_is_read_alike(
            parts in proptest::collection::vec(
                r##"\[(A|a\.b|A "[b.\\"#]{1,2}")\]|[ \t]{0,2}K|k ?= ?["ab \t#;]{0,6}|\\["\\tnb]|["\n\r#; ]|(\\)?\r?\n"##,
                0..12,
            )
        ) {
            let text = format!("[s]{}", parts.concat());
            if let Some(lines) = as_git_reads(&text) {
                let mut ours = Vec::new();
                entries(text.as_bytes(), |entry| {
                    let names = [Some(entry.section), entry.subsection, Some(entry.key)];
                    let name = names.into_iter().flatten().collect::<Vec<_>>().join(&b"."[..]);
                    let value = entry.value.map(|value| [b"\n", value].concat()).unwrap_or_default();
                    ours.push(String::from_utf8([name, value].concat()).unwrap());
                });
                // Git before 2.45 made blanks within a value spaces.
                let blank = |lines: Vec<String>| lines.concat().replace(['\t', '\r'], " ");
                prop_assert_eq!(blank(ours), blank(lines), "{}", text);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes);
        }

        #[test]
        fn no_text_of_its_own_alphabet_makes_it_panic(text in r#"[\[\]"\\ab.=#; \t\r\n-]{0,80}"#) {
            read(text.as_bytes());
        }

        #[test]
        fn what_is_quoted_comes_back(name in "[^\0\n]{0,20}", value in "[^\0]{0,20}") {
            let escape = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
            let (name, value) = (name.replace("\r", ""), value.replace("\r", ""));
            let quoted = escape(&value).replace('\n', r"\n");
            let text = format!("[a \"{}\"]\nk = \"{quoted}\"", escape(&name));
            prop_assert_eq!(read(text.as_bytes()), [format!("a|{name}|k={value}")]);
        }
    }
}
