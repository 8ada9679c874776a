//! One spelling for a repository's address, however it was typed.
//!
//! `https://github.com/o/r.git`, `git@github.com:o/r` and `ssh://git@github.com:22/o/r/` are the same
//! repository; the normal form is `github.com/o/r`, which is its own normal form.
//!
//! # What counts
//!
//! * Host, path and a port other than the scheme's own. Such a port keeps its scheme before it
//!   (`ssh://host:2222/o/r`): which service answers there is not known, and `host:2222/r` without one
//!   is scp's way to name the path `2222/r`.
//! * Neither the user, nor the scheme, nor `.git`, empty parts, `.` and the case of the host.
//! * The case of the path, except where the forge is known not to tell it apart.
//! * Percent-encoding, except of what would read as something else when decoded.
//!
//! A directory is its path, and `.git` in it is the same as itself. What is of no known form stands as
//! it is: addresses for remote helpers, of Windows drives, and those of which a part was [`REDACTED`].
//!
//! # Limits
//!
//! A path on an ssh server counts from the root, and for scp's spelling from the user's home. That is
//! not told apart, since on a forge it is the same; nor are users. So `ann@host:p`, `bob@host:p` and
//! `ssh://host/p` are one. Aliases of hosts in `~/.ssh/config` are hosts.

mod forge;
mod path;

#[cfg(test)]
mod tests;

/// Stands in a recorded address for what may have been secret.
pub const REDACTED: &str = "<redacted>";

/// Returns the normal form of a remote's address.
#[must_use]
pub fn identity(address: &str) -> String {
    normal(address).unwrap_or_else(|| address.to_owned())
}

/// An address on the network.
struct Remote {
    /// Lower case, except that what is not ASCII stands.
    host: String,
    /// With its scheme, where it is not that scheme's own.
    port: Option<(&'static str, u16)>,
    /// Decoded, without empty ones.
    path: Vec<Vec<u8>>,
}

fn normal(address: &str) -> Option<String> {
    if address.contains(REDACTED) {
        return None;
    }
    match address.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => path::of_file_url(rest),
        Some((scheme, rest)) => Remote::of_url(scheme, rest)?.normal(),
        None if address.starts_with('/') => Some(path::local(address)),
        None if is_for_helper(address) || is_on_drive(address) => None,
        None => Remote::without_scheme(address)?.normal(),
    }
}

impl Remote {
    fn of_url(scheme: &str, rest: &str) -> Option<Self> {
        let service = service(&scheme.to_ascii_lowercase())?;
        let (authority, path) = rest.split_once('/')?;
        Self::new(authority, service, path::decoded(path))
    }

    /// Reads `user@host:path` as ssh does, and `host/path` as people mean it.
    fn without_scheme(address: &str) -> Option<Self> {
        let (authority, separator, path) = split(address)?;
        match separator {
            ':' if !forge::encodes(authority) => {
                Self::new(without_brackets(authority), SSH, path::literal(path))
            }
            _ => Self::new(authority, SSH, path::decoded(path)),
        }
    }

    fn new(authority: &str, service: Service, path: Vec<Vec<u8>>) -> Option<Self> {
        let (host, port) = host_and_port(authority)?;
        let port = port.filter(|port| *port != service.1);
        Some(Self { host, port: port.map(|port| (service.0, port)), path })
    }

    fn normal(mut self) -> Option<String> {
        forge::rename(&mut self);
        if forge::ignores_case(&self.host) {
            self.path.iter_mut().for_each(|part| part.make_ascii_lowercase());
        }
        path::strip_dot_git(&mut self.path);
        forge::rearrange(&mut self);
        let path = path::encoded(&self.path);
        let host = &self.host;
        match self.port {
            _ if path.is_empty() => None,
            Some((scheme, port)) => Some(format!("{scheme}://{host}:{port}/{path}")),
            None => Some(format!("{host}/{path}")),
        }
    }
}

/// A scheme and its port.
type Service = (&'static str, u16);

const SSH: Service = ("ssh", 22);

fn service(scheme: &str) -> Option<Service> {
    match scheme {
        "https" | "git+https" => Some(("https", 443)),
        "http" | "git+http" => Some(("http", 80)),
        "ssh" | "git+ssh" | "ssh+git" => Some(SSH),
        "git" => Some(("git", 9418)),
        _ => None,
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_name(text)
}

/// Whether git would run `git-remote-…` for the address.
fn is_for_helper(address: &str) -> bool {
    address.split_once("::").is_some_and(|(helper, _)| is_name(helper))
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether it is `C:\…` or `C:/…`. Elsewhere than on Windows the latter could be a host's, of one letter.
fn is_on_drive(address: &str) -> bool {
    match address.as_bytes() {
        [drive, b':', rest @ ..] if drive.is_ascii_alphabetic() => {
            rest.starts_with(b"/") || rest.contains(&b'\\')
        }
        _ => false,
    }
}

/// Splits at the first colon or slash that is not in brackets.
fn split(address: &str) -> Option<(&str, char, &str)> {
    let ends = [':', '/'];
    let bracket = address.find('[').filter(|open| !address[..*open].contains(ends));
    let from = bracket.map_or(Some(0), |open| Some(open + address[open..].find(']')?))?;
    let end = from + address[from..].find(ends)?;
    let separator = char::from(address.as_bytes()[end]);
    Some((&address[..end], separator, &address[end + 1..]))
}

/// Unwraps `[user@host:port]`, which git takes before `:path`.
fn without_brackets(authority: &str) -> &str {
    let inner = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.filter(|inner| host_and_port(inner).is_some()).unwrap_or(authority)
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let end = authority.find(']').unwrap_or(0);
    let (host, port) = match authority[end..].find(':') {
        Some(colon) => (&authority[..end + colon], &authority[end + colon + 1..]),
        None => (authority, ""),
    };
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    Some((host_name(host)?, port))
}

fn host_name(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: std::net::Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    // With a dot at its end a name is complete, which the names of forges always are.
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    host.split('.').all(is_label).then(|| host.to_ascii_lowercase())
}
