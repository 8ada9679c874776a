//! Prints the invented report in the format that is named: md, html, csv or json.

use std::io::{self, Write as _};
use std::process::ExitCode;

use trackway_report::{Format, render, sample};

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(format) = Format::named(&name) else {
        if writeln!(io::stderr(), "usage: sample md|html|csv|json").is_err() {
            return ExitCode::FAILURE;
        }
        return ExitCode::from(2);
    };
    match io::stdout().write_all(render(&sample::report(), format).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
