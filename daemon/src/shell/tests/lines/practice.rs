//! Lines as agents put them together.

use super::check;

#[test]
fn lines_from_practice() {
    check(&[
        (
            "rg -n 'a' src; sed -n '1,5p' src/a.rs; ls docs",
            "search src?, read src/a.rs, search docs?",
        ),
        (
            "ls -la && cat package.json 2>/dev/null | head -40 || true",
            "search ./, read package.json",
        ),
        (
            "nl -ba src/lib.rs | sed -n '1,80p'; git diff -- src/lib.rs",
            "read src/lib.rs, command ./, read src/lib.rs?",
        ),
        ("tail -n 100 -f a.log | grep --line-buffered x", "read a.log"),
        (
            "mkdir -p /tmp/x && cd /tmp/x && git init -q && echo hi > a && git add a && git commit -qm x",
            "create /tmp/x/, chdir /tmp/x/, command /tmp/x/, write /tmp/x/a, read /tmp/x/a? !program -> /tmp/x",
        ),
        (
            r"find . -name '*.log' -mtime +7 -exec rm -f {} \; -o -name y -print",
            "search ./, delete ./* !glob",
        ),
        ("comm -12 a b", "read a, read b"),
        ("sha256sum -c SUMS", "read SUMS"),
        ("tee out.txt <<'EOF' > /dev/null\nx\nEOF", "write out.txt"),
        ("cat <<'A' > one; cat <<'B' > two\nfirst\nA\nsecond\nB", "write one, write two"),
        ("coproc cat a", "!command"),
        ("trap 'rm -f tmp' EXIT", "!eval"),
        (r#"declare -a arr=(a b); cat "${arr[0]}""#, "!variable"),
        ("read -r X < cfg; cat $X", "read cfg !input"),
        ("IFS=, read -r a b < f", "read f"),
        ("dirname a/b > out", "write out"),
        ("ls $(dirname a/b)", "!substitution"),
        ("cat <(curl -s https://x)", ""),
        ("xargs -a list -n1 cat", "read list !input"),
        ("sponge f", "write f"),
        ("shuf -n 5 words", "read words"),
        ("split -l 100 big part_", "read big, write ./* !glob"),
        ("sqlite3 db.sqlite 'select 1'", "command ./ !program"),
    ]);
}

#[test]
fn harder_lines() {
    check(&[
        (r#"set -- a b; cat "$1" "$2""#, "read a, read b"),
        ("cd x && make || true; cat y", "chdir x/, command x/, read x/y !program -> /w/p/x"),
        ("cd x && make || cat log", "chdir x/, command x/ !directory !program -> /w/p/x"),
        ("cd x || { echo no; exit 1; }; cat y", "chdir x/, read x/y -> /w/p/x"),
        ("time { cat a; cat b; }", "read a, read b"),
        ("cat a | { read x; rg foo; }", "read a"),
        ("ls | while read f; do rg foo; done", "search ./"),
        ("git diff --quiet && cat a", "command ./, maybe read a"),
        ("for f in a b; do [ -f $f ] || continue; cat $f; done", "maybe read a, maybe read b"),
        ("f() { return; cat a; }; f; cat b", "maybe read a, read b"),
        ("if ! grep -q x f; then echo x >> f; fi", "read f, maybe write f"),
        (r#"cat "$HOME"/x ${HOME}/y "${PWD}"/z"#, "read /home/u/x, read /home/u/y, read z"),
        (r#"cat "a"'b'c\ d"#, "read abc d"),
        (r#"cat a"b c"*.rs"#, "read ./* !glob"),
        (r#"x='*.rs'; cat $x "$x""#, "read ./*, read *.rs !glob"),
        (
            r#"for f in src/*.rs; do cp "$f" "backup/$f"; done"#,
            "maybe read src/*, maybe write backup/src/* !glob2",
        ),
        (r#"for d in */; do ls "$d/src"; done"#, "maybe search ./* !glob"),
        (r#"cp "$src" dest/"#, "write dest/* !variable"),
        (r#"mv "$f" "${f%.txt}.md""#, "!variable2"),
        ("cat ${a[0]} ${#x} $# $?", "!variable4"),
        ("bash -c 'exit 1'; cat a", "read a"),
        ("(exit 1); cat a", "read a"),
        ("exec bash -c 'cat a'", "read a"),
        ("git -c core.pager=cat -C sub diff -- a", "command sub/, read sub/a?"),
        ("git --git-dir=x/.git log", "!option"),
        ("make -j8 --directory=sub", "command sub/ !program"),
        (r#"tar -xf a.tar --strip-components=1 -C "$D""#, "read a.tar !variable !directory"),
        ("tar cvf - a | tar xf - -C /tmp/x", "read a?, write /tmp/x/*"),
        (
            "jq . a.json > b.json && mv b.json a.json",
            "write b.json, read a.json, rename b.json?, write a.json?",
        ),
        ("sort < in | uniq > out", "read in, write out"),
        ("command cd x && cat a", "chdir x/, read x/a -> /w/p/x"),
        ("builtin cd x; cat a", "chdir x/, read x/a -> /w/p/x"),
    ]);
}
