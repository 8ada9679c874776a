//! What holds besides single lines: limits, starting points, argument lists.

use super::*;

#[test]
fn a_list_of_arguments_is_read_as_the_command_that_it_is() {
    let home = Some(Path::new(HOME));
    let reading = read_arguments(&["bash", "-lc", "cat 'a b' > c"], Path::new(CWD), home);
    assert_eq!(render(&reading), "write c, read a b");
    let reading = read_arguments(&["cat", "a b", "*", "$x"], Path::new(CWD), home);
    assert_eq!(render(&reading), "read a b, read *, read $x");
    assert_eq!(render(&read_arguments::<&str>(&[], Path::new(CWD), home)), "");
}

#[test]
fn without_a_usable_directory_only_absolute_paths_are_told() {
    let reading = read("cat a /b; cd sub; cat c; cd /x; cat d", Path::new("relative"), None);
    assert_eq!(render(&reading), "read /b, chdir /x/, read /x/d !directory3 -> /x");
}

#[test]
fn without_a_home_a_tilde_is_unresolved() {
    let reading = read("cat ~/a $HOME/b; cd", Path::new(CWD), None);
    assert_eq!(render(&reading), "!variable3 -> unknown");
}

#[test]
fn the_starting_directory_is_normalised() {
    let reading = read("cat ../x", Path::new("/w/./q/../p/"), None);
    assert_eq!(reading.touches[0].path, Path::new("/w/x"));
    assert_eq!(reading.cwd_after.as_deref(), Some(Path::new(CWD)));
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_not_utf8_is_kept_as_it_is() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let cwd = Path::new(OsStr::from_bytes(b"/w/\xff"));
    let reading = read("cat a; cat $PWD/b", cwd, None);
    assert_eq!(reading.touches.len(), 1);
    assert_eq!(reading.touches[0].path, cwd.join("a"));
    assert_eq!(reading.unresolved.get(Reason::Variable), 1);
}

#[test]
fn a_text_beyond_the_limit_is_counted_and_not_read() {
    let reading = read_here(&format!("cat a #{}", "x".repeat(MAX_TEXT)));
    assert_eq!(render(&reading), "!too-large -> unknown");
}

#[test]
fn deep_nesting_is_counted_and_what_came_before_is_kept() {
    for (open, close) in
        [("( ", ")"), ("$(", ")"), ("{ ", ";}"), ("if a; then ", ";fi"), ("\"$(", ")\"")]
    {
        let text = format!("cat a\necho {}cat b{}", open.repeat(5000), close.repeat(5000));
        let text = if open.contains('$') { text } else { text.replace("echo ", "") };
        let reading = read_here(&text);
        assert_eq!(render(&reading), "read a !too-large -> unknown", "{open}");
    }
}

#[test]
fn work_without_end_is_cut_short_and_counted() {
    let endless = [
        "f() { f; f; }; f".to_owned(),
        format!("{}cat $a; {}", "for a in {1..200}; do ".repeat(8), "done; ".repeat(8)),
        format!("a={}; {}", "x".repeat(8000), "echo $a; ".repeat(20_000)),
        format!("{} cat a", "xargs ".repeat(40_000)),
        format!("cp {} d/", "a ".repeat(100_000)),
    ];
    for text in endless {
        let reading = read_here(&text);
        assert!(reading.unresolved.get(Reason::TooLarge) > 0, "{}", &text[..40]);
        assert_eq!(reading.cwd_after, None);
    }
}

#[test]
fn touches_have_a_limit() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..MAX_TOUCHES + 10 {
        writeln!(text, "cat f{number}").unwrap();
    }
    let reading = read_here(&text);
    assert_eq!(reading.touches.len(), MAX_TOUCHES);
    assert_eq!(reading.unresolved.get(Reason::TooLarge), 10);
}

#[test]
fn odd_paths_are_dropped_and_counted() {
    let long = "x/".repeat(3000);
    assert_eq!(render(&read_here(&format!("cat {long}"))), "!path");
    assert_eq!(render(&read_here("cat $'a\\nb' 'c\u{7}' d")), "read d !path2");
}

#[test]
fn reasons_have_distinct_names_and_places() {
    for (index, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, index);
        assert!(Reason::ALL[..index].iter().all(|other| other.as_str() != reason.as_str()));
    }
}

#[test]
fn programs_are_not_failures_of_the_reader() {
    let reading = read_here("make && python x.py");
    assert!(reading.unresolved.is_empty() && reading.unresolved.has_programs());
    assert!(!read_here("frobnicate").unresolved.is_empty());
}
