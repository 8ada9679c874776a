//! Arrangements of repositories, each with the identity that it must have: those with the same one are
//! the same repository.

use trackway_protocol::remote;

use super::*;

const ARRANGEMENTS: &str = include_str!("arrangements.txt");

/// Runs the commands that make an arrangement.
fn make(dir: &Path, commands: &str) {
    for command in commands.replace('$', dir.to_str().unwrap()).split(" ; ") {
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["!", program, args @ ..] => {
                let status = Command::new(program).args(args).current_dir(dir).status().unwrap();
                assert!(status.success(), "{command}");
            }
            args => drop(git(dir, args)),
        }
    }
}

/// A directory with a `server.git` in it.
fn yard_with_server() -> Yard {
    let yard = Yard::new();
    git(&yard.repository("seed"), &["clone", "-q", "--bare", ".", "../server.git"]);
    git(&yard.path("server.git"), &["config", "uploadpack.allowFilter", "true"]);
    yard
}

#[test]
fn every_arrangement_has_its_identity() {
    let yard = yard_with_server();
    let lines = ARRANGEMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in lines.enumerate() {
        let [name, commands, asked, expected] =
            line.split(" | ").collect::<Vec<_>>().try_into().expect("four columns");
        let dir = yard.dir(&number.to_string());
        make(&dir, commands);
        let repo = find(&dir.join(asked)).unwrap();
        let identity = repo.as_ref().map_or("-".to_owned(), Repo::identity);
        let expected =
            expected.replace("$/..", yard.path("").to_str().unwrap().trim_end_matches('/'));
        let expected = expected.replace('$', dir.to_str().unwrap());
        assert_eq!(identity, expected, "{name}: {repo:?}");
        // So that people can ask for it.
        assert_eq!(remote::identity(&identity), identity, "{name}");
    }
}

#[test]
fn a_linked_working_tree_whose_repository_is_gone_is_unknown() {
    for change in ["! mv r s", "! rm -r r"] {
        let yard = Yard::new();
        let dir = yard.path("");
        yard.repository("r");
        make(&dir, &format!("-C r worktree add -q ../w ; {change}"));
        assert!(matches!(find(&dir.join("w")), Err(RepoError::Dangling(_))), "{change}");
    }
}

#[test]
fn a_linked_working_tree_has_its_own_root_and_names_the_main_one() {
    let yard = Yard::new();
    yard.repository("r");
    make(&yard.path(""), "-C r worktree add -q ../w");
    let (root, main) = (yard.path("w"), yard.path("r"));
    let repo = found(&root);
    assert_eq!((Some(repo.root.as_str()), repo.main.as_deref()), (root.to_str(), main.to_str()));
    assert_eq!(found(&main).main, None);
}

#[test]
fn a_fork_names_what_it_is_a_fork_of_without_credentials() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["remote", "add", "upstream", "ex:o/r"]);
    git(&top, &["config", "url.https://u:t@example.org/.insteadOf", "ex:"]);
    let repo = find(&top).unwrap().unwrap();
    assert_eq!(repo.upstream.as_deref(), Some("https://example.org/o/r"));
    // Where there is no other, it is the remote as well.
    assert_eq!(repo.remote, repo.upstream);
    git(&top, &["remote", "add", "origin", "git@example.org:ann/r"]);
    let repo = find(&top).unwrap().unwrap();
    assert_eq!(repo.remote.as_deref(), Some("git@example.org:ann/r"));
    assert_eq!(repo.upstream.as_deref(), Some("https://example.org/o/r"));
}
