//! Starts a program at a fixed rate and says how that went; or is itself a program that lives for
//! a moment, in the place of an agent.
//!
//! ```text
//! spawner --program P --count N --rate R [--cwd D] [--live-ms L]
//! spawner --stub-ms L
//! ```
//!
//! `R` is in starts per second, 0 for as fast as possible. With `--live-ms`, `P` is a copy of this
//! program and is told to live that long.
//!
//! The schedule is absolute: a start that comes late does not put off those after it. Children are
//! reaped as they end, in the order of their start: their pids are free at once where all live
//! equally long.

use std::error::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many children may be alive. Beyond it, starting waits.
const MAX_ALIVE: usize = 256;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    match parse(std::env::args().skip(1))? {
        Task::Live(time) => thread::sleep(time),
        Task::Spawn(order) => writeln!(io::stdout(), "{}", run(&order)?)?,
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Task {
    Live(Duration),
    Spawn(Order),
}

#[derive(Debug, Default, PartialEq)]
struct Order {
    program: PathBuf,
    count: u32,
    rate: u32,
    cwd: Option<PathBuf>,
    live_ms: Option<String>,
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Task> {
    let mut order = Order::default();
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--stub-ms" => return Ok(Task::Live(Duration::from_millis(value.parse()?))),
            "--program" => order.program = value.into(),
            "--count" => order.count = value.parse()?,
            "--rate" => order.rate = value.parse()?,
            "--cwd" => order.cwd = Some(value.into()),
            "--live-ms" => order.live_ms = Some(value),
            _ => return Err(format!("unknown option {flag}").into()),
        }
    }
    if order.program.as_os_str().is_empty() {
        return Err("--program is missing".into());
    }
    Ok(Task::Spawn(order))
}

/// What became of an order, as one line of JSON.
#[derive(Debug)]
struct Report {
    count: u32,
    failed: u32,
    elapsed: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, failed, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        let rate = f64::from(*count) / seconds.max(f64::EPSILON);
        write!(
            f,
            r#"{{"count":{count},"failed":{failed},"seconds":{seconds:.3},"rate":{rate:.1}}}"#
        )
    }
}

fn run(order: &Order) -> Result<Report> {
    let (started, children) = sync_channel(MAX_ALIVE);
    let reaper = thread::spawn(move || reap(&children));
    let begin = Instant::now();
    let mut command = command(order);
    for number in 0..order.count {
        thread::sleep(due(order.rate, number).saturating_sub(begin.elapsed()));
        started.send(command.spawn()?)?;
    }
    let elapsed = begin.elapsed();
    drop(started);
    let failed = reaper.join().map_err(|_| "the reaper panicked")??;
    Ok(Report { count: order.count, failed, elapsed })
}

/// Returns when a start is due, counted from the first.
fn due(rate: u32, number: u32) -> Duration {
    Duration::from_secs(1).checked_div(rate).map_or(Duration::ZERO, |period| period * number)
}

fn command(order: &Order) -> Command {
    let mut command = Command::new(&order.program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(time) = &order.live_ms {
        command.args(["--stub-ms", time]);
    }
    if let Some(dir) = &order.cwd {
        command.current_dir(dir);
    }
    command
}

/// Waits for every child, and counts those that failed.
fn reap(children: &Receiver<Child>) -> io::Result<u32> {
    let mut failed = 0;
    for mut child in children {
        failed += u32::from(!child.wait()?.success());
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn order(program: &str, count: u32, rate: u32) -> Order {
        Order { program: program.into(), count, rate, ..Order::default() }
    }

    #[test]
    fn an_order_is_read_from_the_command_line() {
        let line = "--program /bin/true --count 3 --rate 100 --cwd / --live-ms 20";
        let cwd = Some(PathBuf::from("/"));
        let expected = Order { cwd, live_ms: Some("20".into()), ..order("/bin/true", 3, 100) };
        assert_eq!(task(line).unwrap(), Task::Spawn(expected));
        assert_eq!(task("--stub-ms 20").unwrap(), Task::Live(Duration::from_millis(20)));
        assert_eq!(task("--count 1").unwrap_err().to_string(), "--program is missing");
        assert_eq!(task("--rate").unwrap_err().to_string(), "--rate needs a value");
        assert_eq!(task("--what 1").unwrap_err().to_string(), "unknown option --what");
    }

    #[test]
    fn the_schedule_is_absolute_and_a_rate_of_zero_is_none() {
        assert_eq!(due(500, 1000), Duration::from_secs(2));
        assert_eq!(due(0, 1000), Duration::ZERO);
    }

    #[test]
    fn every_start_is_made_in_time_and_every_failure_counted() {
        let report = run(&order("/bin/true", 20, 200)).unwrap();
        assert_eq!((report.count, report.failed), (20, 0));
        assert!(report.elapsed >= Duration::from_millis(95), "{report}");
        assert_eq!(run(&order("/bin/false", 300, 0)).unwrap().failed, 300);
        run(&order("/nonexistent", 1, 0)).unwrap_err();
    }

    #[test]
    fn a_child_is_told_where_and_how_long_to_live() {
        let order =
            Order { cwd: Some("/".into()), live_ms: Some("7".into()), ..order("/bin/true", 1, 0) };
        let command = command(&order);
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--stub-ms", "7"]);
        assert_eq!(command.get_current_dir(), Some("/".as_ref()));
    }

    #[test]
    fn the_report_is_one_line_of_json() {
        let report = Report { count: 1000, failed: 1, elapsed: Duration::from_millis(2000) };
        let expected = r#"{"count":1000,"failed":1,"seconds":2.000,"rate":500.0}"#;
        assert_eq!(report.to_string(), expected);
    }
}
