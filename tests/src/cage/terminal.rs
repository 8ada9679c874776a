//! The terminal of an interactive agent, and the person in front of it.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::{Callbacks, Parser, Screen};

use super::plan::Key;

const ROWS: NonZeroU16 = NonZeroU16::new(40).expect("it is not 0");
const COLUMNS: NonZeroU16 = NonZeroU16::new(120).expect("it is not 0");

/// A pseudo-terminal: our side of it, and the agent's.
pub(super) struct Pair {
    /// Ours.
    pub(super) ours: File,
    /// The agent's.
    pub(super) theirs: File,
}

impl Pair {
    pub(super) fn open() -> io::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(OsStr::from_bytes(name.as_bytes()))?;
        let size =
            Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&theirs, size)?;
        Ok(Self { ours: ours.into(), theirs })
    }

    /// Returns the agent's side three times, for its three standard streams.
    pub(super) fn streams(&self) -> io::Result<[OwnedFd; 3]> {
        let stream = || self.theirs.try_clone().map(OwnedFd::from);
        Ok([stream()?, stream()?, stream()?])
    }
}

/// A person at a terminal, who follows the screen and works off a list.
pub(super) struct Person {
    parser: Parser<Answers>,
    keyboard: File,
    keys: std::vec::IntoIter<Key>,
    /// A text, and whether the screen is to show it.
    awaited: Option<(String, bool)>,
}

impl Person {
    pub(super) fn new(keyboard: File, keys: Vec<Key>) -> Self {
        let parser = Parser::new_with_callbacks(ROWS, COLUMNS, 0, Answers::default());
        Self { parser, keyboard, keys: keys.into_iter(), awaited: None }
    }

    /// Takes what the agent drew, answers the terminal's part, and goes on with the list.
    pub(super) fn see(&mut self, drawn: &[u8]) -> io::Result<()> {
        self.parser.process(drawn);
        let answers = std::mem::take(&mut self.parser.callbacks_mut().0);
        self.keyboard.write_all(&answers)?;
        self.go_on()
    }

    fn go_on(&mut self) -> io::Result<()> {
        loop {
            if let Some((text, shown)) = &self.awaited {
                if self.shows(text) != *shown {
                    return Ok(());
                }
                self.awaited = None;
            }
            match self.keys.next() {
                Some(Key::Await(text)) => self.awaited = Some((text, true)),
                Some(Key::Miss(text)) => self.awaited = Some((text, false)),
                Some(Key::Type(text)) => self.keyboard.write_all(text.as_bytes())?,
                None => return Ok(()),
            }
        }
    }

    /// Compares without white space: the agent breaks lines where it likes.
    fn shows(&self, text: &str) -> bool {
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        squeeze(&self.screen()).contains(&squeeze(text))
    }

    /// What is on the screen now.
    pub(super) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// What is still being waited for.
    pub(super) fn awaits(&self) -> Option<&str> {
        self.awaited.as_ref().map(|(text, _)| text.as_str())
    }
}

/// What a terminal says by itself when it is asked; without it an agent waits, or gives up.
#[derive(Default)]
struct Answers(Vec<u8>);

impl Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        command: char,
    ) {
        match (first, params, command) {
            (None, [[6]], 'n') => {
                let (row, column) = screen.cursor_position();
                self.0.extend(format!("\x1b[{};{}R", row + 1, column + 1).into_bytes());
            }
            (None, _, 'c') => self.0.extend(b"\x1b[?62;22c"),
            _ => {}
        }
    }
}
