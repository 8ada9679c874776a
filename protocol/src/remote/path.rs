//! Paths of addresses, in parts and as text.

/// Returns the parts of a URL's path.
pub(super) fn decoded(path: &str) -> Vec<Vec<u8>> {
    parts(path, percent_decoded)
}

/// Returns the parts of a path in which a percent sign is one.
pub(super) fn literal(path: &str) -> Vec<Vec<u8>> {
    parts(path, |part| part.as_bytes().to_owned())
}

fn parts(path: &str, read: impl Fn(&str) -> Vec<u8>) -> Vec<Vec<u8>> {
    path.split('/').map(read).filter(|part| !is_nothing(part)).collect()
}

fn is_nothing(part: &[u8]) -> bool {
    part.is_empty() || part == b"."
}

/// Takes `.git` off the end, also as a part of its own, where it is a working tree's repository.
pub(super) fn strip_dot_git(path: &mut Vec<Vec<u8>>) {
    while let Some(last) = path.last_mut() {
        if let Some(name) = last.strip_suffix(b".git") {
            last.truncate(name.len());
        } else if is_nothing(last) {
            path.pop();
        } else {
            break;
        }
    }
}

/// Returns the parts as text, of which [`decoded`] makes the same parts again.
pub(super) fn encoded(path: &[Vec<u8>]) -> String {
    let parts: Vec<String> = path.iter().map(|part| percent_encoded(part)).collect();
    parts.join("/")
}

fn percent_encoded(part: &[u8]) -> String {
    let mut text = String::with_capacity(part.len());
    let escape = |byte: u8| format!("%{byte:02X}");
    for chunk in part.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '/' | '%' | '\0'..='\x1f' | '\x7f' => text.push_str(&escape(c as u8)),
                c => text.push(c),
            }
        }
        text.extend(chunk.invalid().iter().copied().map(escape));
    }
    text
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = if *first == b'%' { hex_pair(after) } else { None };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*bytes.first()?)?, digit(*bytes.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// Returns the path that follows `file://`; `None` where a host does, or it is no text.
pub(super) fn of_file_url(rest: &str) -> Option<String> {
    let path = String::from_utf8(percent_decoded(rest)).ok()?;
    (rest.starts_with('/') && !path.contains('\0')).then(|| local(&path))
}

/// Returns one spelling for an absolute path. What `..` leads to only the file system knows.
pub(super) fn local(path: &str) -> String {
    // Two slashes at the beginning may mean something of their own, three do not.
    let is_special = path.starts_with("//") && !path.starts_with("///");
    let mut parts: Vec<&str> =
        path.split('/').filter(|part| !is_nothing(part.as_bytes())).collect();
    while parts.last() == Some(&".git") {
        parts.pop();
    }
    format!("{}{}", if is_special { "//" } else { "/" }, parts.join("/"))
}
