//! The program `cage`: what happens on the inside.

use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::namespace;
use super::plan::{MOCK, Plan, Report};
use super::terminal::{Pair, Person};
use crate::{mock, wait};

/// Starts the agent below a shell, which also writes down its pid before it runs.
const LAUNCH: &str =
    r#"/bin/sh -c 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"' "$0" "$@"; exit $?"#;

/// Runs the program: reads a [`Plan`] from standard input, reports on standard output.
///
/// It calls itself: the argument is the network namespace that it left.
///
/// # Errors
///
/// Where the cage cannot be built. What goes wrong in it is a [`Report::Failed`].
pub fn main(left: Option<&str>) -> io::Result<()> {
    let Some(left) = left else { return Err(namespace::enter()) };
    let fence = namespace::settle(left)?;
    let plan = read_plan()?;
    mock::serve(TcpListener::bind(MOCK)?, plan.script.clone(), |exchange| {
        report(&Report::Request(exchange));
    });
    report(&Report::Ready { fence });
    let outcome = visit(&plan);
    let leftovers = fence.clear();
    report(&match outcome {
        Ok(code) => Report::Ended { code, leftovers },
        Err(why) => Report::Failed { why },
    });
    Ok(())
}

fn read_plan() -> io::Result<Plan> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

fn report(report: &Report) {
    let line = serde_json::to_string(report).expect("a report is plain data");
    // One write per line: threads report side by side. Nobody there means that we end soon.
    io::stdout().lock().write_all(format!("{line}\n").as_bytes()).ok();
}

/// What can happen while the agent is inside.
enum Event {
    Drew(Vec<u8>),
    Left(ExitStatus),
    Abandoned,
}

fn visit(plan: &Plan) -> Result<i32, String> {
    let (sender, events) = channel();
    let (child, person) = admit(plan, &sender).map_err(|error| format!("no start: {error}"))?;
    report(&Report::Started { pid: pid(plan)? });
    watch_owner(sender.clone());
    watch(child, sender);
    follow(plan, &events, person)
}

fn admit(plan: &Plan, events: &Sender<Event>) -> io::Result<(Child, Option<Person>)> {
    let Some(keys) = plan.keys.clone() else {
        let output = File::create(plan.output())?;
        let errors = File::options().append(true).open(plan.errors())?;
        let mut shell = shell("/bin/sh", &[], plan);
        shell.stdin(Stdio::null()).stdout(output).stderr(errors);
        return Ok((shell.spawn()?, None));
    };
    let pair = Pair::open()?;
    let [stdin, stdout, stderr] = pair.streams()?;
    // `setsid` makes it the controlling terminal; doing that ourselves between fork and exec would
    // take unsafe code.
    let mut shell = shell("setsid", &["--ctty", "/bin/sh"], plan);
    let child = shell.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
    let person = Person::new(pair.ours.try_clone()?, keys);
    watch_screen(pair.ours, events.clone());
    Ok((child, Some(person)))
}

fn shell(program: &str, before: &[&str], plan: &Plan) -> Command {
    let mut shell = Command::new(program);
    shell.args(before).arg("-c").arg(LAUNCH).arg(plan.pid_file()).args(&plan.argv);
    shell.env_clear().envs(plan.env.iter().cloned()).current_dir(&plan.cwd);
    shell
}

fn pid(plan: &Plan) -> Result<u32, String> {
    let read = || fs::read_to_string(plan.pid_file()).ok()?.trim().parse().ok();
    wait::until(Duration::from_secs(10), read).ok_or_else(|| "the agent was not started".into())
}

fn watch_owner(events: Sender<Event>) {
    thread::spawn(move || {
        io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        events.send(Event::Abandoned).ok();
    });
}

fn watch(mut child: Child, events: Sender<Event>) {
    thread::spawn(move || {
        let status = child.wait().expect("it is our child, and only we wait for it");
        events.send(Event::Left(status)).ok();
    });
}

fn watch_screen(mut screen: File, events: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        // The terminal's end is an error: nobody has its other side open any more.
        while let Ok(read) = screen.read(&mut buffer) {
            if read == 0 || events.send(Event::Drew(buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
}

fn follow(
    plan: &Plan,
    events: &Receiver<Event>,
    mut person: Option<Person>,
) -> Result<i32, String> {
    let deadline = Instant::now() + plan.limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match (events.recv_timeout(left), &mut person) {
            (Ok(Event::Drew(bytes)), Some(person)) => {
                person.see(&bytes).map_err(|error| format!("the terminal broke: {error}"))?;
                fs::write(plan.output(), person.screen()).ok();
            }
            (Ok(Event::Drew(_)), None) => {}
            (Ok(Event::Left(status)), _) => return code(status),
            (Ok(Event::Abandoned), _) => return Err("nobody waits any more".into()),
            (Err(_), person) => {
                let awaited = person.as_ref().and_then(Person::awaits).unwrap_or("its end");
                return Err(format!("waited in vain for {awaited:?}"));
            }
        }
    }
}

fn code(status: ExitStatus) -> Result<i32, String> {
    status.code().ok_or_else(|| format!("the shell was killed: {status}"))
}
