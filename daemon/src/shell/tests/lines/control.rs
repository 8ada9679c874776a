//! Directories, variables, branches, and where telling ends.

use super::check;

#[test]
fn the_directory_is_followed_where_it_can_be() {
    check(&[
        ("cd src", "chdir src/ -> /w/p/src"),
        ("cd src && ls", "chdir src/, search src/ -> /w/p/src"),
        ("cd ../beta && cat x && cd -", "chdir /w/beta/, read /w/beta/x, chdir ./"),
        ("(cd ../beta && ls)", "chdir /w/beta/, search /w/beta/"),
        ("(cd ../beta; cat x) ; cat y", "chdir /w/beta/, read /w/beta/x, read y"),
        ("cd; ls", "chdir /home/u/, search /home/u/ -> /home/u"),
        ("cd ~/x", "chdir /home/u/x/ -> /home/u/x"),
        (r#"cd "$REPO" && cat a"#, "!variable !directory -> unknown"),
        (
            r#"cd "$(git rev-parse --show-toplevel)" && cat a /etc/hosts"#,
            "command ./, read /etc/hosts !substitution !directory -> unknown",
        ),
        ("cd /tmp && cat a; cd /w/p", "chdir /tmp/, read /tmp/a, chdir ./"),
        ("pushd ../x >/dev/null; make; popd", "chdir /w/x/, command /w/x/, chdir ./ !program"),
        ("cd a || exit 1; cat b", "chdir a/, read a/b -> /w/p/a"),
        ("cd a || cd b; cat c", "chdir a/ !directory2 -> unknown"),
    ]);
}

#[test]
fn branches_and_loops_are_walked() {
    check(&[
        ("[ -d x ] && cd x; cat y", "maybe chdir x/ !directory -> unknown"),
        ("test -f x && cat x", "maybe read x"),
        ("[[ -f x && -r y ]] && cat x", "maybe read x"),
        ("if [ -f a ]; then cat a; else cat b; fi", "maybe read a, maybe read b"),
        ("if cd x; then ls; fi; cat y", "chdir x/, maybe search x/ !directory -> unknown"),
        ("for f in a b; do cat $f; done", "read a, read b"),
        (r#"for f in src/*.rs; do sed -i 's/a/b/' "$f"; done"#, "maybe write src/* !glob"),
        (
            "for d in a b; do (cd $d && make); done",
            "chdir a/, command a/, chdir b/, command b/ !program2",
        ),
        ("for i in {1..3}; do touch f$i; done", "create f1, create f2, create f3"),
        ("for i in $(seq 3); do cat f$i; done", "!substitution"),
        ("for ((i=0;i<3;i++)); do cat x; done", "maybe read x"),
        (r#"while read -r l; do echo "$l" >> out; done < in"#, "read in, maybe write out"),
        ("until test -f done.txt; do sleep 1; done; cat done.txt", "read done.txt"),
        (
            "case $x in a) cat a;; b|c) cat b ;; *) echo no > err;; esac",
            "maybe read a, maybe read b, maybe write err",
        ),
        (r#"f() { cat "$1"; }; f a; f b"#, "read a, read b"),
        ("function g { cd sub; }; g; cat x", "chdir sub/, read sub/x -> /w/p/sub"),
    ]);
}

#[test]
fn variables_that_are_in_the_text_are_known() {
    check(&[
        ("a=x; cat $a{b,c} $a/{b,c}", "read x/b, read x/c !variable"),
        ("cat a\ncat ${b..c} d", "read a !syntax -> unknown"),
        ("cat {c..a} {2..1}", "read c, read b, read a, read 2, read 1"),
        ("d=src; cat $d/a", "read src/a"),
        ("d=src cat $d/a", "!variable"),
        (r#"export D=src; cat $D/a "${D}/b""#, "read src/a, read src/b"),
        (r#"A="a b"; cat $A"#, "read a, read b"),
        (r#"A="a b"; cat "$A""#, "read a b"),
        (r#"FILES=(a b); cat "${FILES[@]}""#, "read a, read b"),
        ("X=${Y:-def}; cat $X", "!variable"),
        ("x=1; x+=2; cat f$x", "!variable"),
        ("cat $FILE", "!variable"),
        (r#"cat "$@""#, "!variable"),
        ("cat $(git ls-files)", "command ./ !substitution"),
        ("cat `which x`", "!substitution"),
        (r#"cat "$(pwd)/a""#, "read a"),
    ]);
}

#[test]
fn groups_pipes_quotes_and_comments_mean_what_they_mean() {
    check(&[
        ("set -euo pipefail; cat a", "read a"),
        ("set -e\ncd src\ncat a", "chdir src/, read src/a -> /w/p/src"),
        ("{ cat a; cat b; } > c", "write c, read a, read b"),
        ("cat a | tee b | tee c > d", "read a, write b, write d, write c"),
        ("cat a& cat b", "read a, read b"),
        ("! grep -q x f && cat f", "read f"),
        ("grep -q x f || echo x >> f", "read f, maybe write f"),
        ("true && cat a || cat b", "read a, maybe read b"),
        ("cat a # cat b", "read a"),
        ("# only a comment", ""),
        ("cat a\\\n b", "read a, read b"),
        (r#"echo "a > b; cat c""#, ""),
        (r#"echo 'it'"'"'s' > x"#, "write x"),
        (r"echo $'a\nb' > x", "write x"),
        (r"echo \> x", ""),
        ("cat -- a", "read a"),
        ("cat -", ""),
        ("cat - < a", "read a"),
    ]);
}

#[test]
fn what_cannot_be_told_is_counted() {
    check(&[
        ("ssh host 'cat /etc/passwd'", "!elsewhere"),
        ("docker run -v $PWD:/x img cat /y", "!elsewhere"),
        ("frobnicate --x y > out", "write out !command"),
        ("$CMD a", "!variable"),
        ("exit 0; cat a", ""),
        ("cat a; exit; cat b", "read a"),
        ("cat (", "!syntax -> unknown"),
        ("cat 'unclosed\ncat ok\ncat \"unclosed", "!syntax -> unknown"),
        ("if true; then", "!syntax -> unknown"),
    ]);
}
