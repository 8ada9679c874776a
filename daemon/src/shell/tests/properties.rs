//! Whatever the text is: no panic, no path that is not absolute and plain, nothing of a pattern, script or message.

use std::path::Component;

use proptest::prelude::*;

use super::*;

/// Pieces of which shell is made, in no good order.
const PIECES: &[&str] = &[
    "cat ",
    "a",
    " b/c",
    "../x",
    " | ",
    "&&",
    "||",
    ";",
    "\n",
    "&",
    "(",
    ")",
    "{ ",
    "}",
    "$(",
    "`",
    "\"",
    "'",
    "\\",
    "$x",
    "${y:-",
    "$((",
    "))",
    "<<EOF\n",
    "\nEOF\n",
    "<<-'E'\n",
    "> ",
    ">> ",
    "2>&1",
    "< ",
    "<(",
    "cd ",
    "cd -",
    "pushd ",
    "if ",
    "then ",
    "else ",
    "fi",
    "for i in ",
    "do ",
    "done",
    "while ",
    "case ",
    " in ",
    "esac",
    ";;",
    "f() ",
    "[[ ",
    "]]",
    "((",
    "x=",
    "a=(",
    "{a,b}",
    "{1..9}",
    "*",
    "?",
    "[a]",
    "~",
    "~u",
    "#",
    "é",
    "\t",
    "\u{0}",
    "sed -i ",
    "-e ",
    "grep ",
    "-r ",
    "git -C ",
    "tar xzf ",
    "xargs ",
    "find . -exec ",
    "bash -c ",
    "eval ",
    "--",
    "-",
    "$@",
    "\"$@\"",
    "!",
    "time ",
    "env -C ",
    "*** Update File: ",
    "apply_patch ",
    "/dev/null",
    "function ",
    "$'\\x",
    "@(",
];

/// Command lines with a place for a text that is content, not a path.
const CONTENT: &[&str] = &[
    "grep '%' file",
    "grep -rn \"%\" src",
    "grep -e '%' a",
    "grep --regexp='%' a",
    "grep --regexp '%' a",
    "grep -ie'%' a",
    "rg -n '%' src",
    "rg '%'",
    "rg -g '!x' -e '%' src",
    "rg -r '%' a b",
    "ag '%' src",
    "egrep -A3 '%' x",
    "git grep '%'",
    "sed -n '%' file",
    "sed -i '%' file",
    "sed -i '' '%' file",
    "sed -e '%' -e '%' file",
    "sed -ne '%' file",
    "sed --expression='%' f",
    "sed -i.bak -E '%' f",
    "awk '%' file",
    "awk -F: '%' file",
    "awk -v x='%' '{print}' f",
    "awk -F '%' '{print}' f",
    "perl -pi -e '%' f",
    "perl -ne '%' f",
    "perl -e '%' '%'",
    "perl -0pe '%' f",
    "jq '%' f.json",
    "jq --arg a '%' '%' f",
    "jq -r '%'",
    "yq '%' f.yml",
    "yq -i '%' f.yml",
    "python -c '%'",
    "python3 -uc '%' '%'",
    "node -e '%'",
    "ruby -e '%'",
    "echo '%' > f",
    "echo % >> f",
    "printf '%' > f",
    "git commit -m '%'",
    "git commit -am '%' -m '%'",
    "git commit -qm '%' -- a",
    "git commit --message='%'",
    "git tag -a v1 -m '%'",
    "git stash push -m '%'",
    "git log --grep='%' --author '%'",
    "git log -S '%' -- a",
    "git show '%'",
    "find . -name '%'",
    "find . -path '%' -delete",
    "find a -regex '%' -exec cat {} +",
    "fd '%' src",
    "fd -e '%' x",
    "tree -I '%' src",
    "ls -I '%' src",
    "du --exclude='%' src",
    "cat <<'EOF' > f\n%\nEOF",
    "cat <<EOF > f\n%\nEOF",
    "cat <<-E | tee f\n\t%\n\tE",
    "python - <<'P'\n%\nP",
    "python3 <<P\n%\nP",
    "cat <<< '%' > f",
    "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: f\n@@ %\n-%\n+%\n %\n*** End Patch\nEOF",
    "gh pr create --title '%' --body '%'",
    "curl -d '%' -H '%' https://x -o f",
    "curl https://h/%",
    "curl -A '%' -u '%' u",
    "psql -c '%'",
    "sqlite3 db '%'",
    "ssh host '%'",
    "docker exec c '%'",
    "frobnicate '%' --x %",
    "cut -d '%' -f1 f",
    "sort -t '%' f",
    "tr '%' '%' < f",
    "column -s '%' f",
    "tail -n '%' f",
    "head --lines '%' f",
    "test '%' = x",
    "[ '%' = x ]",
    "[[ '%' =~ % ]]",
    "export X='%'",
    "X='%' cat f",
    "X='%'; cat f",
    "case '%' in %) cat f;; esac",
    "expr '%' : '%'",
    "xargs grep '%'",
    "xargs -I{} sed '%' {}",
    "find . -exec grep -l '%' {} \\;",
    "find . | xargs sed -i '%'",
    "timeout 5 grep '%' f",
    "sudo sed -i '%' f",
    "env A='%' cat f",
    "git -C x log --grep '%'",
    "(cd a && grep '%' b)",
    "cat f | grep '%' | head",
    "while read l; do grep '%' f; done < g",
    "f() { grep '%' \"$1\"; }; f a",
    "# %",
    "cat f # %",
    ": '%'",
    "true '%'",
    "awk '{ print \"%\" }' f",
    "rsync --exclude '%' a b",
    "tar --exclude='%' -czf a.tgz b",
    "tar --exclude '%' -xf a",
    "zip -r a.zip b -x '%'",
    "wget --header='%' -O f u",
    "git add -A && git commit -m \"$(cat <<'EOF'\n%\nEOF\n)\"",
    "diff --label '%' a b",
    "stat -c '%' f",
    "touch -d '%' f",
    "chmod '%' f",
    "chown '%' f",
    "date -d '%'",
    "install -m '%' a b",
    "make X='%'",
    "cargo test '%'",
    "npm run '%'",
    "pytest -k '%'",
    "bash -c \"grep '%' f\"",
    "eval \"grep '%' f\"",
    "read -p '%' x",
    "trap '%' EXIT",
    "alias x='%'",
    "set -- '%'; grep \"$1\" f",
    "a='%'; sed \"$a\" f",
    "grep $flags '%' f",
    "sed $opts '%' f",
    "grep --unknown-option '%' f",
    "sed --unknown '%' f",
    "split -l '%' a",
    "truncate -s '%' f",
    "timeout '%' cat f",
    "nice -n '%' cat f",
    "xxd -s '%' f",
    "od -A '%' f",
];

fn touched(reading: &Reading) -> impl Iterator<Item = &Path> {
    reading.touches.iter().map(|touch| touch.path.as_path()).chain(reading.cwd_after.as_deref())
}

fn assert_plain(reading: &Reading) {
    for path in touched(reading) {
        assert!(path.has_root(), "{path:?}");
        let plain =
            |part| matches!(part, Component::Prefix(_) | Component::RootDir | Component::Normal(_));
        assert!(path.components().all(plain), "{path:?}");
        assert!(!path.to_string_lossy().contains(char::is_control), "{path:?}");
        assert!(path.as_os_str().len() <= 4096);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        assert_plain(&read_here(&text));
    }

    #[test]
    fn mangled_shell_is_read_without_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        assert_plain(&read_here(&pieces.concat()));
    }

    #[test]
    fn a_text_that_is_cut_anywhere_is_read_without_panic(
        line in prop::sample::select(CONTENT),
        cut in any::<prop::sample::Index>(),
        piece in prop::sample::select(PIECES),
    ) {
        let mut text: String = line.to_owned();
        text.insert_str(cut.index(text.len() + 1), piece);
        assert_plain(&read_here(&text));
        text = text.chars().take(cut.index(text.len() + 1)).collect();
        assert_plain(&read_here(&text));
    }

    #[test]
    fn patterns_scripts_and_messages_never_come_out(
        line in prop::sample::select(CONTENT),
        around in prop::sample::select(&["@", "( @\n)", "cd x && @", "if true; then @\nfi", "cat a; @", "x=$(@\n); cat b"][..]),
        shape in prop::sample::select(&["§", "src/§/a.rs", "/etc/§", "s/§/x/g", "../§", "~/§", "--§", "-§", "a b § c", "*§*", "§.rs"][..]),
        word in "zq[a-z]{6}",
    ) {
        let content = shape.replace('§', &word);
        let bare = line.contains(" %") || line.contains("=~ %") || line.contains("/%");
        let content = if bare { word.clone() } else { content };
        let text = around.replace('@', &line.replace('%', &content));
        let reading = read_here(&text);
        assert_plain(&reading);
        for path in touched(&reading) {
            prop_assert!(!path.to_string_lossy().contains(&word), "{text}: {path:?}");
        }
    }
}
