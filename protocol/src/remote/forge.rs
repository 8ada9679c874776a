//! What the documentation of forges says about their addresses. What it does not say is not here.

use super::Remote;

/// Other names of hosts. Those for ssh answer on port 443, where a firewall lets nothing else through.
///
/// Sources: GitHub Docs, "Using SSH over the HTTPS port"; GitLab Docs, "GitLab.com settings, SSH";
/// Atlassian Support, "Set up SSH keys, using port 443".
const NAMES: [(&str, &str); 4] = [
    ("ssh.github.com", "github.com"),
    ("www.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// Hosts on which two paths that differ in case cannot be two repositories.
const WITHOUT_CASE: [&str; 6] =
    ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", AZURE, AZURE_SSH];

const AZURE: &str = "dev.azure.com";
const AZURE_SSH: &str = "ssh.dev.azure.com";
/// Older names of Azure DevOps; each organisation has one of them.
const VISUAL_STUDIO: &str = ".visualstudio.com";
const VISUAL_STUDIO_SSH: &str = "vs-ssh.visualstudio.com";

/// The ports on which Bitbucket Server listens, unless told otherwise, for ssh and for HTTP.
///
/// Source: Atlassian, "Bitbucket Data Center: ports used".
const BITBUCKET_SSH: u16 = 7999;
const BITBUCKET_HTTP: u16 = 7990;

/// Gives a host that has several names the one that people know.
pub(super) fn rename(remote: &mut Remote) {
    let Some((_, name)) = NAMES.iter().find(|(other, _)| remote.host == *other) else { return };
    remote.host = (*name).to_owned();
    remote.port = remote.port.filter(|port| *port != ("ssh", 443));
}

/// Whether a host makes no difference between upper and lower case in paths.
pub(super) fn ignores_case(host: &str) -> bool {
    WITHOUT_CASE.contains(&host) || host.ends_with(VISUAL_STUDIO)
}

/// Whether addresses in scp's spelling are percent-encoded, which git itself would not decode.
pub(super) fn encodes(authority: &str) -> bool {
    let host = authority.rsplit('@').next().unwrap_or_default();
    [AZURE_SSH, VISUAL_STUDIO_SSH].iter().any(|name| host.eq_ignore_ascii_case(name))
}

/// Brings together what a forge spells in one way for ssh and in another for HTTP.
pub(super) fn rearrange(remote: &mut Remote) {
    match remote.port {
        None => azure(remote),
        Some(port) => bitbucket_server(remote, port),
    }
}

/// `ssh://git@host:7999/project/repo` is `https://host/scm/project/repo`.
///
/// Source: Atlassian, "Bitbucket Data Center: clone a repository", "enable SSH access to Git".
fn bitbucket_server(remote: &mut Remote, port: (&str, u16)) {
    match (port, remote.path.as_slice()) {
        (("ssh", BITBUCKET_SSH), [_, _]) => remote.path.insert(0, b"scm".to_vec()),
        (("http", BITBUCKET_HTTP), [first, _, _]) if first == b"scm" => {}
        _ => return,
    }
    remote.port = None;
}

/// `ssh.dev.azure.com:v3/org/project/repo` and `org.visualstudio.com/project/_git/repo` are
/// `dev.azure.com/org/project/_git/repo`. A repository named as its project stands without it.
///
/// Source: Microsoft Learn, Azure Repos: "Use SSH key authentication", "Clone an existing Git repo",
/// "Allowed domains and URLs".
fn azure(remote: &mut Remote) {
    let parts: Vec<&[u8]> = remote.path.iter().map(Vec::as_slice).collect();
    let found = match remote.host.as_str() {
        AZURE => in_organization(parts.as_slice()),
        AZURE_SSH | VISUAL_STUDIO_SSH => match *parts.as_slice() {
            [b"v3", organization, project, repo] => Some((organization, project, repo)),
            _ => None,
        },
        host => host.strip_suffix(VISUAL_STUDIO).and_then(|organization| {
            // Those of Visual Studio before 2018 have the collection in their paths.
            let rest = parts.strip_prefix(&[&b"defaultcollection"[..]]).unwrap_or(&parts);
            in_organization(&[&[organization.as_bytes()], rest].concat())
        }),
    };
    if let Some((organization, project, repo)) = found {
        let path = [organization, project, b"_git", repo].map(<[u8]>::to_vec).to_vec();
        (remote.host, remote.path) = (AZURE.to_owned(), path);
    }
}

/// Returns organisation, project and repository.
fn in_organization<'a>(parts: &[&'a [u8]]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    match *parts {
        [organization, project, b"_git", repo] => Some((organization, project, repo)),
        [organization, b"_git", repo] => Some((organization, repo, repo)),
        _ => None,
    }
}
