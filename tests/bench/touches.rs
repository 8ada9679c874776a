//! Which files an agent touched, and which of that is told: precision and recall by kind of touch.
//!
//! A real agent plays a script of which every access is known. It is the one part of the benchmark
//! that is not about speed: what a shell command does is concluded, and conclusions may be wrong.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use trackway_protocol::row::FileRow;
use trackway_tests::agent::{self, Agent};
use trackway_tests::mock::script::{
    Turn, apply_patch, bash, edit, exec_command, read, write as write_file,
};
use trackway_tests::scenario::Scenario;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::Effort;

/// How long what is concluded may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a touch comes about: by the agent's own tool, by a shell command that names the file, or by a
/// program that names it to nobody.
const KINDS: [&str; 3] = ["tool", "shell", "in-process"];

/// A command, what its text says that it touches, and what its programs touch besides: `r` is a read,
/// `w` any change.
type Step = (&'static str, &'static [(char, &'static str)], &'static [(char, &'static str)]);

const SHELL: &[Step] = &[
    ("cat a.txt", &[('r', "{repo}/a.txt")], &[]),
    ("cat ../other/x | wc -l", &[('r', "{other}/x")], &[]),
    ("sed -n 1,2p a.txt > b.txt", &[('r', "{repo}/a.txt"), ('w', "{repo}/b.txt")], &[]),
    ("sed -i s/one/1/ b.txt", &[('w', "{repo}/b.txt")], &[]),
    ("cat > c.txt <<'END'\ntext\nEND", &[('w', "{repo}/c.txt")], &[]),
    ("cd ../other && cp x y && cd -", &[('r', "{other}/x"), ('w', "{other}/y")], &[]),
    ("(cd ../other; mv y z)", &[('w', "{other}/y"), ('w', "{other}/z")], &[]),
    ("rm ../other/z", &[('w', "{other}/z")], &[]),
    ("grep -c two a.txt || true", &[('r', "{repo}/a.txt")], &[]),
    ("head -n 1 < a.txt | tee d.txt", &[('r', "{repo}/a.txt"), ('w', "{repo}/d.txt")], &[]),
    ("sort -o e.txt a.txt", &[('r', "{repo}/a.txt"), ('w', "{repo}/e.txt")], &[]),
    ("mkdir -p deep/er && echo x >> deep/er/f.txt", &[('w', "{repo}/deep/er/f.txt")], &[]),
    (
        "for f in a.txt b.txt; do wc -c \"$f\"; done",
        &[('r', "{repo}/a.txt"), ('r', "{repo}/b.txt")],
        &[],
    ),
    ("touch g.txt && ls -l", &[('w', "{repo}/g.txt")], &[]),
    ("bash -c 'cat c.txt'", &[('r', "{repo}/c.txt")], &[]),
    ("F=a.txt; diff \"$F\" b.txt || true", &[('r', "{repo}/a.txt"), ('r', "{repo}/b.txt")], &[]),
    ("python3 -c 'open(\"h.txt\", \"w\").write(\"x\")'", &[], &[('w', "{repo}/h.txt")]),
    ("printf 'open(\"i.txt\", \"w\")' | python3", &[], &[('w', "{repo}/i.txt")]),
    (
        "sh ../other/script.sh",
        &[('r', "{other}/script.sh")],
        &[('w', "{repo}/j.txt"), ('w', "{repo}/deep/k.txt")],
    ),
    ("find . -name e.txt -exec sh -c 'echo y > \"$1\"2' - {} ';'", &[], &[('w', "{repo}/e.txt2")]),
    ("python3 -c 'print(len(open(\"d.txt\").read()))'", &[], &[('r', "{repo}/d.txt")]),
    ("python3 -c 'import os; os.remove(\"z.txt\")'", &[], &[('w', "{repo}/z.txt")]),
];

/// What is named while it happens is no touch.
const SCRIPT: &str = "echo j > j.txt\necho k > deep/k.txt\n";

pub(crate) fn run(_: Effort, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "touches of files that a script made, and those that are told")?;
    writeln!(
        out,
        "{:<16} {:<10} {:>6} {:>6} {:>6} {:>10} {:>7}",
        "agent", "kind", "made", "told", "right", "precision", "recall"
    )?;
    for agent in agent::ALL {
        measure(agent, out)?;
    }
    Ok(())
}

fn measure(agent: Agent, out: &mut dyn Write) -> Result<()> {
    let watch = Arc::new(Watch::start_in(&[agent], |world| {
        fs::write(world.other().join("x"), "x\n").expect("the world is ours");
        fs::write(world.other().join("script.sh"), SCRIPT).expect("the world is ours");
        fs::write(world.repo().join("z.txt"), "").expect("the world is ours");
    }));
    let tools = tools(agent);
    let mut scenario = Scenario::new(agent).print("Work");
    for (turn, _) in &tools {
        scenario = scenario.turn(turn.clone());
    }
    for (command, ..) in SHELL {
        let call = if agent.name() == "claude" { bash(command) } else { exec_command(command) };
        scenario = scenario.turn(call);
    }
    let run = scenario.run_in(&watch);
    let responses = u64::try_from(tools.len() + SHELL.len() + 1)?;
    let session = run.one_session(responses);
    let name = |touches: &[(char, &str)]| -> Vec<(char, String)> {
        touches.iter().map(|(how, path)| (*how, watch.world.tell(path))).collect()
    };
    let mut made = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for (_, touches) in &tools {
        made[0].extend(name(touches));
    }
    for (_, by_text, by_program) in SHELL {
        made[1].extend(name(by_text));
        made[2].extend(name(by_program));
    }
    let all: BTreeSet<_> = made.iter().flatten().cloned().collect();
    let told = || watch.files(&session.id).iter().map(touch).collect::<BTreeSet<_>>();
    // What changed while a call ran is told a moment after the session's own file.
    wait::until(PATIENCE, || all.is_subset(&told()).then_some(()));
    let told = told();
    let wrong = told.difference(&all).count();
    for (kind, made) in KINDS.iter().zip(&made) {
        let right = made.intersection(&told).count();
        // What nobody made cannot be told apart by kind: it is held against each.
        let (made, told) = (made.len(), right + wrong);
        let share = |of: usize| right as f64 / (of.max(1)) as f64 * 100.0;
        writeln!(
            out,
            "{:<16} {kind:<10} {made:>6} {told:>6} {right:>6} {:>8.0} % {:>5.0} %",
            format!("{} {}", agent.name(), agent.version()),
            share(told),
            share(made)
        )?;
    }
    for missed in all.difference(&told).chain(told.difference(&all)) {
        let path = missed.1.strip_prefix(&watch.world.tell("{root}/")).context("a path of ours")?;
        let what = if told.contains(missed) { "told, not made" } else { "made, not told" };
        writeln!(out, "                 {what}: {} {path}", missed.0)?;
    }
    let [calls, unresolved] =
        [session.shell_calls, session.unresolved_calls].map(Option::unwrap_or_default);
    writeln!(out, "                 {unresolved} of {calls} shell calls counted as unresolved")?;
    Ok(())
}

fn touch(row: &FileRow) -> (char, String) {
    (if row.how == "read" { 'r' } else { 'w' }, row.path.clone())
}

/// The agent's own tools, and what they touch.
fn tools(agent: Agent) -> Vec<(Turn, Vec<(char, &'static str)>)> {
    if agent.name() == "claude" {
        return vec![
            (read("{repo}/a.txt"), vec![('r', "{repo}/a.txt")]),
            (edit("{repo}/a.txt", "three", "3"), vec![('w', "{repo}/a.txt")]),
            (write_file("{other}/new.txt", "new"), vec![('w', "{other}/new.txt")]),
            (read("{repo}/nothing.txt"), vec![]),
        ];
    }
    let patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-three\n+3\n\
                 *** Add File: new.txt\n+new\n*** End Patch\n";
    vec![(apply_patch(patch), vec![('w', "{repo}/a.txt"), ('w', "{repo}/new.txt")])]
}
