//! Commands that read and search.

use super::check;

#[test]
fn readers_name_their_files_and_not_their_scripts() {
    check(&[
        ("sed -n 1,120p src/a.rs", "read src/a.rs"),
        ("sed -n '1,120p;200q' src/a.rs src/b.rs", "read src/a.rs, read src/b.rs"),
        ("cat src/a.rs", "read src/a.rs"),
        ("cat -n src/a.rs | head -50", "read src/a.rs"),
        ("cat ../beta/x", "read /w/beta/x"),
        (r#"cat "My File.txt" 'other file'"#, "read My File.txt, read other file"),
        (r"cat My\ File.txt", "read My File.txt"),
        (
            r#"cat ~/notes.md $HOME/x.md "$HOME/.config/a""#,
            "read /home/u/notes.md, read /home/u/x.md, read /home/u/.config/a",
        ),
        ("cat $PWD/a", "read a"),
        (
            "cat a{1,2}.txt src/{lib,main}.rs",
            "read a1.txt, read a2.txt, read src/lib.rs, read src/main.rs",
        ),
        ("cat file{1..3}", "read file1, read file2, read file3"),
        ("cat src/*.rs", "read src/* !glob"),
        ("cat **/*.toml", "read ./* !glob"),
        ("head -n 5 file", "read file"),
        ("head -20 file", "read file"),
        ("head -c100 file", "read file"),
        ("tail -f log.txt", "read log.txt"),
        ("tail -n +5 file", "read file"),
        ("wc -l src/*.rs Cargo.toml", "read src/*, read Cargo.toml !glob"),
        ("nl -ba src/a.rs | sed -n '10,20p'", "read src/a.rs"),
        ("less +F log", "read log !option"),
        ("file bin/x", "read bin/x?"),
        ("stat -c %s a", "read a?"),
        ("xxd -l 16 a.bin", "read a.bin"),
        ("od -c a | head", "read a"),
        ("strings -n 8 lib.so", "read lib.so"),
        ("diff -u a b", "read a?, read b?"),
        ("diff -r left right", "search left?, search right?"),
        ("cmp a b", "read a, read b"),
        ("sort -u a -o b", "read a, write b"),
        ("sort -k2,2 -t, data.csv", "read data.csv"),
        ("uniq -c in out", "read in, write out"),
        ("cut -d, -f1 data.csv", "read data.csv"),
        ("column -t -s, data.csv", "read data.csv"),
        ("md5sum a b", "read a, read b"),
        ("jq '.a.b' package.json", "read package.json"),
        ("jq -r --arg k v '.x[$k]' a.json b.json", "read a.json, read b.json"),
        ("yq '.a' f.yml", "read f.yml"),
        ("yq -i '.a = 1' f.yml", "write f.yml"),
        ("awk '{print $1}' file", "read file"),
        ("awk -F: -v x=1 '{print $x}' /etc/passwd y=2", "read /etc/passwd"),
        ("awk 'NR>=10 && NR<=20' src/a.rs", "read src/a.rs"),
    ]);
}

#[test]
fn searches_name_places_and_not_patterns() {
    check(&[
        ("grep pat file", "read file"),
        ("grep -rn foo src | head", "search src?"),
        ("grep -e pat file", "read file"),
        (r#"grep -rn "foo bar" --include='*.rs' ."#, "search ./"),
        ("grep -rn --include *.rs foo .", "search ./"),
        ("grep -A 3 -B2 foo a.txt b.txt", "read a.txt, read b.txt"),
        ("grep -c foo", ""),
        ("ps aux | grep node", ""),
        ("grep -R foo", "search ./"),
        ("grep --weird foo bar", "!option"),
        ("grep -f patterns.txt data", "read patterns.txt, read data"),
        ("egrep -v '^#' /etc/hosts", "read /etc/hosts"),
        (r#"rg -n "fn main" -g '*.rs' crates"#, "search crates?"),
        ("rg foo", "search ./"),
        ("rg --files", "search ./"),
        ("rg --files -g '*.md' docs", "search docs?"),
        ("cat a | rg foo", "read a"),
        ("rg -l foo src tests | xargs sed -i 's/foo/bar/'", "search src?, search tests? !input"),
        ("rg -e a -e b src", "search src?"),
        ("find . -name '*.rs'", "search ./"),
        (
            "find src tests -type f -name x -delete",
            "search src?, search tests?, delete src/*, delete tests/* !glob2",
        ),
        ("find . -maxdepth 2 -not -path '*/node_modules/*' | head", "search ./"),
        (r"find . -name '*.rs' -exec grep -l foo {} \;", "search ./, read ./* !glob"),
        ("find src -name '*.rs' -exec sed -i 's/a/b/' {} +", "search src?, write src/* !glob"),
        ("find . -name x -print0 | xargs -0 rm", "search ./ !input"),
        (r#"find . -type f | while read f; do cat "$f"; done"#, "search ./ !input"),
        ("fd -e rs main src", "search src?"),
        ("ls", "search ./"),
        ("ls -la src", "search src?"),
        ("ls -1 *.md", "search ./* !glob"),
        ("ls src/ tests/", "search src/, search tests/"),
        ("tree -L 2 src", "search src?"),
        ("du -sh *", "search ./* !glob"),
    ]);
}

#[test]
fn paths_are_resolved_lexically() {
    check(&[
        ("cat $((1+2)).txt", "!variable"),
        ("echo $((x)) > a", "write a"),
        ("(( x > 3 )) && cat a", "maybe read a"),
        ("cat app/[slug]/page.tsx", "read app/* !glob"),
        ("cat 'app/[slug]/page.tsx'", "read app/[slug]/page.tsx"),
        ("cat https://x.y/z", ""),
        ("cat /dev/null /dev/stdin", ""),
        ("cat /dev/fd/3 > /dev/tcp/h/1", ""),
        ("cat ../../../../etc/x", "read /etc/x"),
        ("cat /a/../b/./c//d", "read /b/c/d"),
        ("cat ~other/x", "!variable"),
        ("cat file:1", "read file:1"),
    ]);
}
