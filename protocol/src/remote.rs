//! One spelling for a repository's address, however it was typed.
//!
//! `https://github.com/o/r.git`, `git@github.com:o/r` and `ssh://git@github.com:22/o/r/` are the same
//! repository; the normal form is `github.com/o/r`.

/// Returns the normal form of a remote's address.
#[must_use]
pub fn identity(url: &str) -> String {
    let (has_scheme, rest) = match url.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, url),
    };
    let host_end = rest.find(['/', ':']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // `host:path` is scp's way to write a URL; after a scheme the colon begins a port.
    let path = if has_scheme { path.into() } else { path.replacen(':', "/", 1) };
    let path = path.trim_end_matches('/');
    format!("{}{}", host.to_lowercase(), path.strip_suffix(".git").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_paths_of_remotes_stand() {
        assert_eq!(identity("ssh://git@h:2222/p.git"), "h:2222/p");
        assert_eq!(identity("/srv/git/p.git"), "/srv/git/p");
    }
}
