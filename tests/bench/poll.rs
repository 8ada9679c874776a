//! What the `poll` tier costs by the number of processes, beside the portable process table read in
//! full and `ps`, each as often.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Effort;
use crate::process::{Usage, watch, write_medians};
use crate::trackway::{Daemon, Home};

/// How many processes are there that do nothing.
const SIZES: [usize; 2] = [300, 3000];
/// The first look is at everything; what follows is what is paid for good.
const WARM_UP: Duration = Duration::from_secs(3);

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let (windows, seconds) = (effort.of(1, 5), effort.of(5, 30));
    writeln!(out, "cost of polling every second: CPU of one core, resident memory")?;
    writeln!(out, "median of {windows} windows of {seconds} s; ps is the CPU of its processes")?;
    writeln!(out, "{:>9} {:>23} {:>23} {:>12}", "processes", "trackwayd", "sysinfo", "ps")?;
    let mut idle = Idle::default();
    for size in SIZES {
        idle.grow(size)?;
        let home = Home::new()?;
        fs::write(home.path("config.toml"), "[launches]\ntier = \"poll\"\n")?;
        let daemon = Daemon::start(&home)?;
        ensure!(daemon.tier()? == "poll", "the daemon polls");
        let table = Table::start()?;
        thread::sleep(WARM_UP);
        let mut usages: [Vec<Usage>; 2] = Default::default();
        for _ in 0..windows {
            let window = watch(&[daemon.pid(), table.0.id()], Duration::from_secs(seconds))?;
            usages.iter_mut().zip(window).for_each(|(all, usage)| all.push(usage));
        }
        write!(out, "{:>9}", processes()?)?;
        for usages in &usages {
            write_medians(out, usages)?;
        }
        writeln!(out, " {:>10.2} %", ps(effort.of(5, 20))?)?;
    }
    Ok(())
}

/// Processes that do nothing. Ended when dropped.
#[derive(Default)]
struct Idle(Vec<Child>);

impl Idle {
    fn grow(&mut self, size: usize) -> Result<()> {
        while self.0.len() < size {
            let mut command = Command::new("sleep");
            // Whatever becomes of the benchmark, they do not stay.
            self.0.push(command.arg("1800").stdin(Stdio::null()).spawn()?);
        }
        Ok(())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// The peer: a program that reads the portable table once a second. Ended when dropped.
struct Table(Child);

impl Table {
    fn start() -> Result<Self> {
        let program = env!("CARGO_BIN_EXE_table");
        Ok(Self(Command::new(program).stdin(Stdio::null()).spawn()?))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Returns what one `ps` a second costs, in percent of one core.
fn ps(times: u32) -> Result<f64> {
    let used = || -> Result<f64> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        // What ended children used: fields 16 and 17, in ticks of a hundredth.
        Ok(fields.split(' ').skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum())
    };
    let before = used()?;
    for _ in 0..times {
        let status =
            Command::new("ps").args(["-eo", "pid,ppid,args"]).stdout(Stdio::null()).status();
        ensure!(status?.success(), "ps failed");
    }
    Ok((used()? - before) / f64::from(times))
}

fn processes() -> Result<usize> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries.filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit()).count())
}
