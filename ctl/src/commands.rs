//! One file per command: its arguments, and what it asks and shows.

use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use trackway_protocol::endpoint::Places;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{Backfill, SessionRow};

use crate::cli::{Cli, Command};
use crate::client::{Client, End, Line};
use crate::error::Error;
use crate::render::selection::{Nothing, Unresolved};
use crate::render::text::number;
use crate::render::{self, View};
use crate::surroundings::Surroundings;

pub(crate) mod checkpoint;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dirs;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod findings;
pub(crate) mod gaps;
mod glance;
pub(crate) mod launches;
pub(crate) mod man;
pub(crate) mod pause;
pub(crate) mod privacy;
pub(crate) mod prune;
pub(crate) mod report;
pub(crate) mod repos;
pub(crate) mod service;
pub(crate) mod sessions;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod tail;
mod target;
pub(crate) mod verify;
pub(crate) mod who;
pub(crate) mod zones;

/// How many rows a table has where nobody says.
const ROWS: u64 = 50;

/// Runs a command. `out` takes its answer, `notes` what a person should know about the answer
/// even where it is piped into a program.
///
/// # Errors
///
/// [`Error`]; what was written to `out` before it is flushed.
pub fn run(
    cli: &Cli,
    around: &Surroundings,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), Error> {
    let form = if cli.json { Form::Json } else { Form::Table };
    let socket = cli.socket.as_deref();
    let mut console = Console { form, around, socket, out, notes };
    let outcome = match &cli.command {
        Some(command) => console.run(command),
        None => glance::run(&mut console),
    };
    let flushed = console.out.flush();
    outcome?;
    Ok(flushed?)
}

/// For whom an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A person.
    Table,
    /// A program: the lines as they came, as far as a terminal may have them.
    Json,
}

/// Where a command's words go, and how they look.
pub(crate) struct Console<'a, O: Write, N: Write> {
    pub(crate) form: Form,
    pub(crate) around: &'a Surroundings,
    /// The socket that was named on the command line.
    socket: Option<&'a Path>,
    pub(crate) out: &'a mut O,
    notes: &'a mut N,
}

impl<O: Write, N: Write> Console<'_, O, N> {
    fn run(&mut self, command: &Command) -> Result<(), Error> {
        match command {
            Command::Status(command) => command.run(self),
            Command::Doctor(command) => command.run(self),
            Command::Launches(command) => command.run(self),
            Command::Dirs(command) => command.run(self),
            Command::Repos(command) => command.run(self),
            Command::Sessions(command) => command.run(self),
            Command::Files(command) => command.run(self),
            Command::Who(command) => command.run(self),
            Command::Show(command) => command.run(self),
            Command::Config(command) => command.run(self),
            Command::Findings(command) => command.run(self),
            Command::Zones(command) => command.run(self),
            Command::Gaps(command) => command.run(self),
            Command::Tail(command) => command.run(self),
            Command::Report(command) => command.run(self),
            Command::Export(command) => command.run(self),
            Command::Verify(command) => command.run(self),
            Command::Checkpoint(command) => command.run(self),
            Command::Prune(command) => command.run(self),
            Command::Forget(command) => command.run(self),
            Command::Privacy(command) => command.run(self),
            Command::Pause(command) => command.run(self),
            Command::Resume(command) => command.run(self),
            Command::Service(command) => command.run(self),
            Command::Completions(command) => command.run(self),
            Command::Man(command) => command.run(self),
        }
    }

    /// Connects to the daemon. Commands read their arguments first: what makes no sense is told
    /// whether a daemon runs or not.
    pub(crate) fn connect(&self) -> Result<Client, Error> {
        let socket = match self.socket {
            Some(socket) => socket.to_owned(),
            None => Places::from_env()?.socket,
        };
        Ok(Client::connect(&socket, self.around.patience)?)
    }

    /// Tells the person several things about the answer.
    pub(crate) fn notes(&mut self, notes: &[String]) -> Result<(), Error> {
        notes.iter().try_for_each(|note| self.note(note))
    }

    /// Tells the person something about the answer, in order with it.
    pub(crate) fn note(&mut self, note: &str) -> Result<(), Error> {
        self.out.flush()?;
        // A note that nobody can read must not spoil the answer.
        writeln!(self.notes, "{note}").ok();
        Ok(())
    }

    /// Asks for rows; writes them as JSON, or returns the page that a table shows.
    pub(crate) fn page<T: DeserializeOwned>(
        &mut self,
        filter: &Filter,
        order: Order,
        with: impl FnOnce(u64, Filter) -> Request,
    ) -> Result<Option<Page<T>>, Error> {
        if self.form == Form::Json {
            self.verbatim(|id| with(id, filter.clone()))?;
            return Ok(None);
        }
        let limit = filter.limit.unwrap_or(ROWS);
        // One row more than is shown tells that there are more.
        let probe = Filter { limit: Some(limit.saturating_add(1)), ..filter.clone() };
        let (rows, end) = self.connect()?.rows(|id| with(id, probe))?;
        Ok(Some(Page::of(rows, limit, order, &end)))
    }

    /// Writes a page as a table, or that there is nothing of what was asked for.
    pub(crate) fn table<T>(
        &mut self,
        page: &Page<T>,
        (nothing, filter): (Nothing, &Filter),
        write: impl FnOnce(&[T], &View, &mut O) -> io::Result<()>,
    ) -> Result<(), Error> {
        let view = &self.around.view;
        match &page.rows[..] {
            [] => nothing.write(filter, view, self.out)?,
            rows => write(rows, view, self.out)?,
        }
        self.notes(&page.notes)
    }

    /// Asks, and writes the lines of the answer as they come; returns how many there were.
    pub(crate) fn verbatim(&mut self, with: impl FnOnce(u64) -> Request) -> Result<u64, Error> {
        let mut client = self.connect()?;
        let mut reply = client.ask(with)?;
        let mut lines = 0;
        loop {
            match reply.line()? {
                Line::Row(line) | Line::Record(line) => {
                    render::json::write(line, self.around.terminal, self.out)?;
                    lines += 1;
                }
                Line::End(end) => {
                    let unread = end.backfill.as_ref().map(unread);
                    unread.map_or(Ok(()), |unread| self.note(&unread))?;
                    return Ok(lines);
                }
            }
        }
    }
}

/// Says how far session files are read: there may be more than the answer has.
pub(crate) fn unread(backfill: &Backfill) -> String {
    if backfill.state == "stopped" {
        return "session files are not read: `trackwayctl status` tells why".into();
    }
    let percent = backfill.percent().map(|percent| format!(": {percent} %"));
    format!("session files are still being read{}", percent.unwrap_or_default())
}

/// Of so many sessions the shell calls are looked at.
const SESSIONS: u64 = 500;

/// Counts the shell calls, in the range that a filter names and by whom it names, of which not
/// everything could be told.
pub(crate) fn unresolved(
    filter: &Filter,
    console: &Console<'_, impl Write, impl Write>,
) -> Result<Unresolved, Error> {
    let Filter { since_ms, until_ms, agent, session, launch, .. } = filter.clone();
    let limit = Some(SESSIONS);
    let filter = Filter { since_ms, until_ms, agent, session, launch, limit, ..Filter::default() };
    let ask = |id| Request::Sessions { id, filter };
    let (sessions, end) = console.connect()?.rows::<SessionRow>(ask)?;
    let calls = sessions.iter().filter_map(|session| session.unresolved_calls).sum();
    // Of a session of which nothing was read it is not known whether it had any.
    let is_known = sessions.iter().all(|session| session.unresolved_calls.is_some());
    let is_all = is_known && ((sessions.len() as u64) < SESSIONS || end.more == Some(0));
    Ok(Unresolved { calls, is_all })
}

/// The rows that a table shows.
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// What to say about the rows that it does not show.
    pub(crate) notes: Vec<String>,
}

/// In which order rows come. A page always shows the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

impl<T> Page<T> {
    /// Keeps `limit` of `rows`, which were asked for with a limit of one more.
    fn of(mut rows: Vec<T>, limit: u64, order: Order, end: &End) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let over = rows.len().saturating_sub(limit);
        match order {
            Order::NewestFirst => rows.truncate(limit),
            Order::OldestFirst => drop(rows.drain(..over)),
        }
        let left_out = (over > 0).then(|| match end.more {
            Some(more) => format!("… {} more, use --limit", number(more + over as u64)),
            None => "… and more, use --limit".into(),
        });
        Self {
            rows,
            notes: left_out.into_iter().chain(end.backfill.as_ref().map(unread)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[u8], order: Order, more: Option<u64>) -> (Vec<u8>, Vec<String>) {
        let page = Page::of(rows.to_vec(), 2, order, &End { more, ..End::default() });
        (page.rows, page.notes)
    }

    #[test]
    fn a_page_that_holds_all_rows_has_no_note() {
        assert_eq!(page(&[2, 1], Order::NewestFirst, Some(0)), (vec![2, 1], Vec::new()));
    }

    #[test]
    fn one_row_more_than_the_page_tells_that_there_are_more() {
        let note = |text: &str| vec![text.to_owned()];
        assert_eq!(
            page(&[3, 2, 1], Order::NewestFirst, Some(1233)),
            (vec![3, 2], note("… 1,234 more, use --limit"))
        );
        assert_eq!(
            page(&[1, 2, 3], Order::OldestFirst, None),
            (vec![2, 3], note("… and more, use --limit"))
        );
    }

    #[test]
    fn an_answer_that_may_lack_something_says_so() {
        let backfill = |done_bytes, total_bytes| {
            unread(&Backfill { state: "running".into(), done_bytes, total_bytes })
        };
        assert_eq!(backfill(41, 100), "session files are still being read: 41 %");
        assert_eq!(backfill(100, 100), "session files are still being read: 99 %");
        assert_eq!(backfill(0, 0), "session files are still being read");
        let stopped = Backfill { state: "stopped".into(), done_bytes: 1, total_bytes: 2 };
        assert!(unread(&stopped).starts_with("session files are not read: "));
    }
}
