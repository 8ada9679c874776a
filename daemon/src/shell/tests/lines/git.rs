//! What `git` is given.

use super::check;

#[test]
fn git_names_what_is_certainly_a_path() {
    check(&[
        ("git status", "command ./"),
        ("git -C ../x status", "command /w/x/"),
        (r#"git -C "$D" log"#, "!variable !directory"),
        ("git add -A", "command ./"),
        ("git add src/a.rs README.md", "command ./, read src/a.rs?, read README.md?"),
        ("git add .", "command ./, read ./"),
        (r#"git commit -m "message with path src/secret""#, "command ./ !program"),
        ("git commit -m \"$(cat <<'EOF'\nfix: cat src/secret\nEOF\n)\"", "command ./ !program"),
        ("git mv a b", "command ./, rename a?, write b?"),
        ("git rm -r --cached x", "command ./"),
        ("git rm old.rs", "command ./, delete old.rs?"),
        ("git checkout -- src/a.rs", "command ./, write src/a.rs?"),
        ("git checkout main", "command ./ !program"),
        ("git checkout -b feature/x", "command ./ !program"),
        ("git checkout .", "command ./, write ./*"),
        ("git restore src/a.rs", "command ./, write src/a.rs?"),
        ("git restore --staged src/a.rs", "command ./"),
        ("git diff", "command ./"),
        ("git diff --stat HEAD~1", "command ./"),
        ("git diff -- src", "command ./, read src?"),
        ("git diff src/a.rs", "command ./ !option"),
        ("git diff main...HEAD", "command ./"),
        ("git show HEAD:src/a.rs", "command ./ !option"),
        ("git show HEAD:./a.rs", "command ./, read a.rs?"),
        ("git log --oneline -5", "command ./"),
        ("git log -p -- src/a.rs", "command ./, read src/a.rs?"),
        ("git blame -L 1,20 src/a.rs", "command ./, read src/a.rs"),
        ("git grep -n foo", "command ./, search ./"),
        ("git grep foo -- '*.rs' src", "command ./, search ./*, search src? !glob"),
        ("git clone https://github.com/a/b.git", "create b/"),
        ("git clone --depth 1 git@github.com:a/b.git vendor/b", "create vendor/b/"),
        ("git init new", "create new/"),
        ("git worktree add ../wt -b x", "command ./, create /w/wt/"),
        ("git stash", "command ./ !program"),
        ("git apply fix.patch", "command ./, read fix.patch !program"),
        ("git apply --check fix.patch", "command ./, read fix.patch"),
        ("git clean -fd", "command ./, delete ./*"),
        ("git push origin main", "command ./"),
        ("git rev-parse --show-toplevel", "command ./"),
        ("git --no-pager diff --name-only", "command ./"),
    ]);
}
