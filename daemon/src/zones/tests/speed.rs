//! How fast places are judged: a measurement, to be run by hand in a release build.

use std::hint::black_box;
use std::time::Instant;

use super::*;

const TIMES: u32 = 200_000;

fn measure(name: &str, rules: &Rules, path: &str, repo: Option<&Repo>) {
    let place = Place { path: Path::new(path), repo };
    let is_hit = rules.judge(&place, Some("claude"), Touch::Read).is_some();
    let begin = Instant::now();
    for _ in 0..TIMES {
        black_box(rules.judge(black_box(&place), Some("claude"), Touch::Read));
    }
    let each = begin.elapsed().as_nanos() / u128::from(TIMES);
    println!("{name}: {} {each} ns", if is_hit { "hit " } else { "miss" });
}

fn thousand(pattern: impl Fn(usize) -> String) -> Vec<String> {
    (0..1000).map(pattern).collect()
}

fn of(key: &str, patterns: &[String]) -> Rules {
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    rules(&zones(key, &patterns))
}

#[test]
#[ignore = "claims nothing: speed is for a release build and a reader"]
fn judging_is_measured() {
    let deep = "src/app/components/deep/down/index.ts";
    let (hit, miss) =
        (format!("/home/ada/src/llama-0500-x/{deep}"), format!("/home/ada/src/other/{deep}"));
    let shapes: [(&str, Vec<String>); 7] = [
        ("names", thousand(|at| format!("~/src/llama-{at:04}-x"))),
        ("heads", thousand(|at| format!("~/src/llama-{at:04}-*"))),
        ("tails", thousand(|at| format!("~/src/*-{at:04}-x"))),
        ("heads and tails", thousand(|at| format!("~/src/llama-*{at:04}-x"))),
        ("middles", thousand(|at| format!("~/src/*-{at:04}-*"))),
        ("any, heads", thousand(|at| format!("~/**/llama-{at:04}-*"))),
        ("parents", thousand(|at| format!("~/*/llama-{at:04}-x/**/index*"))),
    ];
    measure("no rules", &Rules::default(), &miss, None);
    for (name, patterns) in shapes {
        let rules = of("paths", &patterns);
        measure(name, &rules, &hit, None);
        measure(name, &rules, &miss, None);
    }
    let rules = of("remotes", &thousand(|at| format!("git.example.com/acme/llama-{at:04}-*")));
    for name in ["acme/llama-0500-x", "acme/other"] {
        let remote = |host: &str| Some(format!("git@{host}:{name}.git"));
        let clone = Repo { remote: remote("git.example.com"), ..repo("/home/ada/src/other") };
        measure("remote", &rules, &miss, Some(&clone));
        let fork =
            Repo { upstream: remote("git.example.com"), remote: remote("github.com"), ..clone };
        measure("remote and upstream", &rules, &miss, Some(&fork));
    }
    let text: String = (0..1000)
        .map(|at| {
            let keys = "paths = ['~/src/p-{}-*']\nremotes = ['git.example.com/acme/llama-{}-*']";
            zone(&format!("z{at}"), &keys.replace("{}", &format!("{at:04}")))
        })
        .collect();
    let rules = self::rules(&text);
    let remote = Some("https://git.example.com/acme/llama-0500-x.git".into());
    let main = Some("/home/ada/src/p-0500-x".into());
    let worktree = Repo { remote, main, ..repo("/home/ada/wt/x") };
    measure("all of it", &rules, "/home/ada/wt/x/src/a/b/c.rs", Some(&worktree));
}
