//! A report, or an absence, as the daemon sent it: its bytes, and what they say, if its hash is right.

use std::io::Write;
use std::thread;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use trackway_protocol::message::{FailureCode, Request};
use trackway_protocol::report::{VERSION, hash_of};

use crate::client::{Client, ClientError, End, understood};
use crate::commands::{Console, unread};
use crate::error::Error;

/// An answer of one row that carries a hash of itself.
pub(in crate::commands) struct Answer {
    line: Box<RawValue>,
    head: Head,
    /// The daemon's version.
    version: String,
    end: End,
}

/// What every version of a report has.
#[derive(Deserialize)]
struct Head {
    /// The version of its format.
    report: u32,
    /// A text in the format that this program knows.
    sha256: Option<Value>,
}

impl Answer {
    /// Asks for it.
    ///
    /// # Errors
    ///
    /// [`Error::TooOld`] where the daemon does not know the question; [`Error::Client`].
    pub(in crate::commands) fn ask(
        console: &Console<'_, impl Write, impl Write>,
        with: impl FnOnce(u64) -> Request,
    ) -> Result<Self, Error> {
        Self::of(&mut console.connect()?, with)
    }

    /// The same over a connection that there is.
    ///
    /// # Errors
    ///
    /// As [`Answer::ask`] has them.
    pub(in crate::commands) fn of(
        client: &mut Client,
        with: impl FnOnce(u64) -> Request,
    ) -> Result<Self, Error> {
        let rows = client.rows::<Box<RawValue>>(with);
        let version = client.version().to_owned();
        let (lines, end) = match rows {
            Err(ClientError::Failure { code: FailureCode::BadRequest, message })
                if message.starts_with(UNKNOWN_REQUEST) =>
            {
                return Err(Error::TooOld { version });
            }
            rows => rows?,
        };
        let none = || ClientError::Garbled("there is no report in it".into());
        let line = lines.into_iter().next().ok_or_else(none)?;
        let head = understood(line.get().as_bytes())?;
        Ok(Self { line, head, version, end })
    }

    /// Returns it byte for byte, so that its hash holds. Where this program knows the format, that is
    /// checked.
    ///
    /// # Errors
    ///
    /// [`Error::Client`] where it is not the hash of what it says.
    pub(in crate::commands) fn line(&self) -> Result<&RawValue, Error> {
        if self.head.report == VERSION {
            self.head.check(self.line.get())?;
        }
        Ok(&self.line)
    }

    /// Returns what `make` makes of what it says. Its hash is checked meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignReport`] where this program does not know the format; [`Error::Client`] where the
    /// hash is not that of what it says.
    pub(in crate::commands) fn read<T: DeserializeOwned, R>(
        &self,
        make: impl FnOnce(T) -> R,
    ) -> Result<R, Error> {
        let (version, format) = (self.version.clone(), self.head.report);
        if format != VERSION {
            return Err(Error::ForeignReport { version, format });
        }
        let check = || self.head.check(self.line.get());
        thread::scope(|scope| {
            let checking = thread::Builder::new().spawn_scoped(scope, check);
            let made = understood(self.line.get().as_bytes()).map(make);
            // Where there is no thread to be had it takes as long as both.
            checking.map_or_else(|_| check(), |it| it.join().expect("a check does not panic"))?;
            Ok(made?)
        })
    }

    /// Tells what to know of it beside what it says.
    pub(in crate::commands) fn notes(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let format = self.head.report;
        if format != VERSION {
            let unknown = "which this program does not know: its hash was not checked";
            console.note(&format!("the report is in format {format}, {unknown}"))?;
        }
        self.end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&unread(backfill)))
    }
}

/// How a daemon begins to say that it does not know a request.
const UNKNOWN_REQUEST: &str = "this is no request";

impl Head {
    /// Checks that the hash of an answer is that of what it says.
    ///
    /// That is reckoned from what came and not from what was read of it, which may be less.
    fn check(&self, json: &str) -> Result<(), ClientError> {
        let hash =
            hash_of(json.as_bytes()).map_err(|error| ClientError::Garbled(error.to_string()))?;
        if self.sha256.as_ref().and_then(Value::as_str) == Some(&hash) {
            return Ok(());
        }
        Err(ClientError::Garbled("its sha256 is not that of what it says".into()))
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::report::{Absence, Report};

    use super::*;

    fn check(json: &str) -> Result<(), ClientError> {
        understood::<Head>(json.as_bytes())?.check(json)
    }

    #[test]
    fn what_the_daemon_sealed_is_taken_and_nothing_else() {
        let report = Report { version: "é\n\"".into(), seq: 7, ..Report::default() }.sealed();
        let json = serde_json::to_string(&report).unwrap();
        assert!(check(&json).is_ok());
        assert!(check(&json.replace("\"seq\":7", "\"seq\":8")).is_err());
        let absence = Absence::default();
        assert!(check(&serde_json::to_string(&absence).unwrap()).is_err(), "it has no hash");
        assert!(check(&serde_json::to_string(&absence.sealed()).unwrap()).is_ok());
    }

    #[test]
    fn what_a_newer_daemon_says_beside_is_part_of_what_is_hashed() {
        let mut value = serde_json::to_value(Report::default()).unwrap();
        value["weather"] = "fine".into();
        value["sha256"] = hash_of(value.to_string().as_bytes()).unwrap().into();
        assert!(check(&value.to_string()).is_ok());
        let read: Report = serde_json::from_value(value).unwrap();
        assert_ne!(Some(read.hash()), read.sha256);
    }
}
