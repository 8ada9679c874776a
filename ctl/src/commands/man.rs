//! `man`: the manual pages, from the same definition as the help.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _, ValueHint};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use super::Console;
use crate::cli::Cli;
use crate::error::Error;

/// Write the manual pages
///
/// One of this program and one of each of its commands, for those who package it. Without DIR this
/// program's own page is printed.
#[derive(Debug, Args)]
#[command(hide = true, after_help = "Example: trackwayctl man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The directory, which must be there
    #[arg(value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    /// Writes the pages.
    pub(crate) fn run<O: Write>(
        &self,
        console: &mut Console<'_, O, impl Write>,
    ) -> Result<(), Error> {
        // Every page tells of --help; pages of their own for the words that print help tell nothing.
        let mut grammar = Cli::command().disable_help_subcommand(true);
        grammar.build();
        match &self.dir {
            Some(dir) => write_all(&grammar, dir),
            None => Ok(console.out.write_all(&page(&grammar)?)?),
        }
    }
}

fn write_all(command: &Command, dir: &Path) -> Result<(), Error> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_all(below, dir)?;
    }
    let path = dir.join(format!("{}.1", name(command)));
    let written = page(command).and_then(|page| std::fs::write(&path, page));
    written.map_err(|source| Error::File { path, source })
}

/// Returns the name of a command with those that it stands below: `trackwayctl-zones-ack`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Returns the page of a command.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    let closing = after.map(ToString::to_string).unwrap_or_default();
    // What follows the help has its own form there, which clap would run together in one paragraph.
    let rest = command.clone().after_help(None).after_long_help(None);
    let source = concat!("Trackway ", env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    Page::new(rest).source(source).manual("Trackway").render(&mut page)?;
    close(&closing, name(command)).to_writer(&mut page)?;
    Ok(page)
}

/// Returns the sections of what follows the help: a paragraph that begins with `Title:` is a section
/// with a row for each line, one that begins with `Example:` is one as well, others are notes.
fn close(text: &str, name: &str) -> Roff {
    let mut roff = Roff::new();
    let mut noted = false;
    for paragraph in text.split("\n\n").map(str::trim_end).filter(|it| !it.is_empty()) {
        let first = paragraph.lines().next().unwrap_or_default();
        if let Some(example) = paragraph.strip_prefix("Example: ") {
            roff.control("SH", ["EXAMPLE"]);
            roff.text([roman(example)]);
        } else if let Some(title) = first.strip_suffix(':') {
            roff.control("SH", [title.to_uppercase().as_str()]);
            for line in paragraph.lines().skip(1) {
                let (term, meaning) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
                roff.control("TP", []);
                roff.text([bold(term)]);
                roff.text([roman(meaning.trim_start())]);
            }
        } else {
            roff.control(if noted { "PP" } else { "SH" }, (!noted).then_some("NOTES"));
            roff.text([roman(paragraph.replace('\n', " "))]);
            noted = true;
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let others = ["trackwayctl", "trackwayd"].into_iter().filter(|other| *other != name);
    let others: Vec<_> = others.map(|other| format!("{other}(1)")).collect();
    roff.text([roman(others.join(", "))]);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_help_becomes_sections() {
        let text = "A note.\n\nExit codes:\n  0  done\n\nExample: trackwayctl x --y";
        let page = close(text, "trackwayctl").to_roff();
        let lines: Vec<_> = page.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                ".SH NOTES",
                "A note.",
                ".SH \"EXIT CODES\"",
                ".TP",
                r"\fB0\fR",
                "done",
                ".SH EXAMPLE",
                r"trackwayctl x \-\-y",
                ".SH \"SEE ALSO\"",
                "trackwayd(1)",
            ]
        );
    }

    #[test]
    fn every_command_that_the_help_lists_has_a_page() {
        fn shown(command: &Command) -> usize {
            let below = command.get_subcommands().filter(|below| !below.is_hide_set());
            1 + below.map(shown).sum::<usize>()
        }
        let dir = tempfile::tempdir().unwrap();
        let mut grammar = Cli::command().disable_help_subcommand(true);
        grammar.build();
        write_all(&grammar, dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), shown(&grammar));
        let page = std::fs::read_to_string(dir.path().join("trackwayctl-zones-ack.1")).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH EXAMPLE"), "{page}");
        assert!(!page.contains(".SH EXTRA"), "{page}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = write_all(&Cli::command(), Path::new("/nowhere")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/"), "{error}");
    }
}
