//! Programs that do work of their own, and commands that run others.

use super::check;

#[test]
fn interpreters_name_the_script_and_leave_the_rest_open() {
    check(&[
        ("python3 script.py --in data.csv", "read script.py, command ./ !program"),
        (r#"python -c 'open("x").read()'"#, "command ./ !program"),
        ("python3 -m pytest tests/test_x.py -q", "command ./ !program"),
        ("python - <<'PY'\nopen(\"secret\").read()\nPY", "command ./ !program"),
        (
            "python3 - <<EOF\nprint(\"$(cat inner.txt)\")\nEOF",
            "read inner.txt, command ./ !program",
        ),
        ("node -e 'console.log(1)'", "command ./ !program"),
        ("node scripts/build.js --out dist", "read scripts/build.js, command ./ !program"),
        ("ruby x.rb", "read x.rb, command ./ !program"),
        ("bash scripts/run.sh a b", "read scripts/run.sh, command ./ !program"),
        ("./run.sh", "read run.sh, command ./ !program"),
        ("./node_modules/.bin/eslint src", "read node_modules/.bin/eslint, command ./ !program"),
        ("/usr/bin/cat a", "read a"),
    ]);
}

#[test]
fn tools_work_in_a_directory() {
    check(&[
        ("cargo test -p x", "command ./ !program"),
        ("cargo build --manifest-path ../y/Cargo.toml", "command ./ !program"),
        ("make -C sub all", "command sub/ !program"),
        ("npm test", "command ./ !program"),
        ("npm --prefix web run build", "command web/ !program"),
        ("go test ./...", "command ./ !program"),
        ("pytest -q tests/test_a.py::test_b", "command ./ !program"),
    ]);
}

#[test]
fn prefixes_are_taken_off() {
    check(&[
        ("env A=1 B=2 cat x", "read x"),
        ("env -C sub cat x", "read sub/x"),
        ("sudo cat /etc/shadow", "read /etc/shadow"),
        ("sudo -u root -E tee /etc/x", "write /etc/x"),
        ("nohup make > log 2>&1 &", "write log, command ./ !program"),
        ("time cat x", "read x"),
        ("timeout 10 cat x", "read x"),
        ("timeout -k 5 10s make", "command ./ !program"),
        ("nice -n 10 cat x", "read x"),
        ("stdbuf -oL cat x", "read x"),
        ("command cat x", "read x"),
        ("command -v rg", ""),
        ("exec cat x", "read x"),
        ("bash -c 'cd sub && cat x'", "chdir sub/, read sub/x"),
        (r#"bash -lc "cat a; cd b"; cat c"#, "read a, chdir b/, read c"),
        (r#"sh -c 'cat "$1"' _ file"#, "read file"),
        (r#"bash -c "$CMD""#, "!eval"),
        ("bash <<'EOF'\ncat inner\nEOF", "read inner"),
        ("zsh -lc 'rg -n foo src'", "search src?"),
        (r#"eval "cat a""#, "read a"),
        (r#"eval "$X"; cat a"#, "!directory !eval -> unknown"),
        ("xargs cat < list", "read list !input"),
        ("echo a | xargs -I{} cp {} dest/", "write dest/* !input"),
        (
            "source venv/bin/activate && python x.py",
            "read venv/bin/activate, read x.py, command ./ !program2",
        ),
        (". ./env.sh", "read env.sh !program"),
    ]);
}
