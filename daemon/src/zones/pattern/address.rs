//! Patterns of repositories' addresses, in whatever spelling.
//!
//! They are brought into the normal form of [`trackway_protocol::remote`], as addresses are before they
//! are compared, and so are what all spellings of an address match.

use std::borrow::Cow;

use trackway_protocol::remote::identity;

use super::{Part, Pattern, Symbol, Token, Tree, check_length, fits, symbols};

/// Hosts that do not tell the case of paths apart: a pattern with wildcards in its host may mean them.
pub(in super::super) const FORGES: [&str; 5] =
    ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "dev.azure.com"];

impl Pattern {
    /// Reads a pattern of repositories' addresses, in whatever spelling; returns all that it means.
    pub(in super::super) fn of_remote(typed: &str) -> Result<Vec<Self>, String> {
        check_length(typed)?;
        let symbols = symbols(typed)?;
        let address = Address::new(&symbols);
        let form = address.form()?;
        let pattern = address.pattern(&form)?;
        let mut patterns = vec![pattern];
        patterns.extend(address.on_forges(&form, &patterns[0])?);
        address.check(&patterns)?;
        Ok(patterns)
    }
}

/// Returns the names of an address in its normal form, the first of which is the host, with its scheme
/// and its port where they belong to it.
pub(in super::super) fn names(form: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let (host, path) = split(form);
    let path = path.into_iter().flat_map(|path| path.split('/')).map(decoded);
    std::iter::once(Cow::Borrowed(host.as_bytes())).chain(path)
}

/// Splits off the host. What a helper of git's is told has slashes of its own.
fn split(form: &str) -> (&str, Option<&str>) {
    let is_scheme = |scheme: &str| scheme.ends_with(':') && !scheme.contains("::");
    let from = match form.split_once("//") {
        Some((scheme, _)) if is_scheme(scheme) && !scheme.contains('/') => scheme.len() + 2,
        _ => 0,
    };
    match form[from..].split_once('/') {
        Some((host, path)) => (&form[..from + host.len()], Some(path)),
        None => (form, None),
    }
}

/// Undoes the percent-encoding of normal forms, of which the rest is text as it is.
fn decoded(name: &str) -> Cow<'_, [u8]> {
    if !name.contains('%') {
        return Cow::Borrowed(name.as_bytes());
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let (mut bytes, mut rest) = (Vec::with_capacity(name.len()), name.as_bytes());
    while let [first, after @ ..] = rest {
        let code = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    Cow::Owned(bytes)
}

/// An address with wildcards, for which letters stand in that its normal form keeps.
struct Address {
    text: String,
    one: char,
    many: char,
}

impl Address {
    fn new(symbols: &[Symbol]) -> Self {
        let text = |one: char, many: char| -> String {
            let char = |symbol: &Symbol| match symbol {
                Symbol::Char(char) => *char,
                Symbol::One => one,
                Symbol::Many => many,
            };
            symbols.iter().map(char).collect()
        };
        // Letters that hardly any address has, more of them than fit into a pattern. Those that it
        // has are left out, also where they are percent-encoded.
        let (plain, form) = (text('x', 'x'), identity(&text('x', 'x')));
        let mut free =
            ('\u{30000}'..'\u{31000}').filter(|it| !(plain.contains(*it) || form.contains(*it)));
        let (one, many) = (free.next().unwrap_or('x'), free.next().unwrap_or('x'));
        Self { text: text(one, many), one, many }
    }

    /// Returns the normal form; fails where it is none of a repository on the network.
    fn form(&self) -> Result<String, String> {
        let is_wild = |text: &str| text.contains([self.one, self.many]);
        if self.text.split_once("://").is_some_and(|(scheme, _)| is_wild(scheme)) {
            return Err("has a wildcard before ://, which does not count: leave that out".into());
        }
        let form = identity(&self.text);
        if form.starts_with('/') {
            return Err("is a directory: name it under paths".into());
        }
        let is_any = form == String::from_iter([self.many; 2]);
        let why = "is no address of a repository, such as host/group/name";
        (is_any || is_address(&form)).then_some(form).ok_or_else(|| why.into())
    }

    fn pattern(&self, form: &str) -> Result<Pattern, String> {
        let parts = names(form).map(|name| Part::of(&self.tokens(&name)));
        Pattern::new(parts.collect::<Result<_, _>>()?)
    }

    fn tokens(&self, name: &[u8]) -> Vec<Token> {
        let mut tokens = Vec::new();
        for chunk in name.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    char if char == self.one => tokens.push(Token::One),
                    char if char == self.many => tokens.push(Token::Many),
                    char => tokens.extend(char.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte)),
                }
            }
            tokens.extend(chunk.invalid().iter().copied().map(Token::Byte));
        }
        tokens
    }

    /// Returns what it means on forges that its host only may be, where case does not count.
    fn on_forges(&self, form: &str, pattern: &Pattern) -> Result<Vec<Pattern>, String> {
        let (host, path) = split(form);
        let is_any = pattern.0.first() == Some(&Part::Any);
        let path = if is_any { Some(form) } else { path };
        let may_be = |forge: &str| match pattern.0.first() {
            Some(Part::Wild(head, middle, tail)) => {
                let rest = forge.as_bytes().strip_prefix(&head[..]);
                let rest = rest.and_then(|rest| rest.strip_suffix(&tail[..]));
                rest.is_some_and(|rest| fits(middle, rest))
            }
            _ => is_any,
        };
        let Some(path) = path.filter(|path| path.contains(|c: char| c.is_ascii_uppercase())) else {
            return Ok(Vec::new());
        };
        let forges = FORGES.iter().filter(|forge| may_be(forge) && !host.contains("://"));
        forges.map(|forge| self.pattern(&identity(&format!("{forge}/{path}")))).collect()
    }

    /// Fails where a repository that is meant has a normal form of another shape, and so would never
    /// be found.
    fn check(&self, patterns: &[Pattern]) -> Result<(), String> {
        let mut tree = Tree::default();
        for pattern in patterns {
            tree.insert(pattern, 0);
        }
        let any = String::from_iter([self.many; 2]);
        for path in ["x", "x/x", "x/_git/x"] {
            let meant = self.text.replace(&any, path).replace([self.one, self.many], "x");
            let known = identity(&meant);
            let mut is_found = false;
            tree.whole(names(&known), |_, _| is_found = true);
            if !is_found {
                return Err(format!("stands for {meant}, which is known as {known}: write it so"));
            }
            if !self.text.contains(&any) {
                break;
            }
        }
        Ok(())
    }
}

/// Whether a normal form has a host and a path, of what kind ever.
fn is_address(form: &str) -> bool {
    let (host, Some(path)) = split(form) else { return false };
    match host.split_once("://") {
        _ if path.is_empty() => false,
        // Git's own schemes stand only where a port follows.
        Some((scheme, host)) => {
            let port = host.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            identity(&format!("{scheme}://h/p")) != "h/p" || matches!(port, Some(Ok(_)))
        }
        None => host.contains("::") || identity(&format!("{host}//p")) == format!("{host}/p"),
    }
}
