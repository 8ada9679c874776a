//! The program: reads the command line, lends out its streams, and turns the outcome into an
//! exit code.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use trackway_ctl::{Cli, Surroundings, exit, run, told};

fn main() -> ExitCode {
    let cli = match Cli::of_process() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let stdout = io::stdout();
    if cli.follows() {
        end_with_reader();
    }
    let around = Surroundings::of_process(&stdout);
    let mut out = BufWriter::with_capacity(64 * 1024, stdout.lock());
    let outcome = run(&cli, &around, &mut out, &mut anstream::stderr());
    match outcome {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            let code = error.exit_code();
            if code != exit::DONE {
                // Where not even stderr takes the message, the exit code has to do.
                anstream::stderr().write_all(told(&error).as_bytes()).ok();
            }
            ExitCode::from(code)
        }
    }
}

/// Prints what clap has to say: help and version are no errors.
fn unparsed(error: &clap::Error) -> ExitCode {
    error.print().ok();
    ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE })
}

/// Ends the process once nobody can read its output any more.
///
/// A write would tell, but in `tail | head -1` the next record may be hours away.
#[cfg(unix)]
fn end_with_reader() {
    use rustix::event::{PollFd, PollFlags, poll};
    #[expect(clippy::exit, reason = "the main thread waits for the daemon and holds nothing")]
    std::thread::spawn(|| {
        let stdout = io::stdout();
        // Errors and hang-ups are told without being asked for.
        let mut reader = [PollFd::new(&stdout, PollFlags::empty())];
        if poll(&mut reader, None).is_ok() {
            std::process::exit(exit::DONE.into());
        }
    });
}

#[cfg(not(unix))]
fn end_with_reader() {}
