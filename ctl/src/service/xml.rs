//! Whether a text is well-formed XML, as far as our templates go: for tests.

/// Checks that elements are closed in the order in which they were opened, and that text holds none of
/// the characters that mean something.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        entities(before)?;
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        let (tag, after) = tag.split_once(end).ok_or_else(|| format!("no end: <{tag}"))?;
        rest = after;
        match tag.as_bytes() {
            [b'?', .., b'?'] | [b'!', ..] => {}
            [b'/', ..] => match open.pop() {
                Some(name) if name == &tag[1..] => {}
                name => return Err(format!("{tag} closes {name:?}")),
            },
            [.., b'/'] => {}
            _ => open.push(tag.split(' ').next().unwrap_or(tag)),
        }
    }
    entities(rest)?;
    if open.is_empty() { Ok(()) } else { Err(format!("still open: {open:?}")) }
}

fn entities(text: &str) -> Result<(), String> {
    let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
    let is_known = |rest: &str| known.iter().any(|entity| rest.starts_with(entity));
    let is_plain = !text.contains('>') && text.split('&').skip(1).all(is_known);
    if is_plain { Ok(()) } else { Err(format!("not escaped: {text}")) }
}

mod tests {
    use super::*;

    #[test]
    fn what_is_not_well_formed_is_found() {
        for good in ["<a><b c=\"d\"/>x &amp; y</a>", "<?xml?><!-- < & --><a></a>\n"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["<a>", "<a></b>", "<a>x & y</a>", "<a>x > y</a>", "<a", "</a>"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
