//! Verifying an export without the ledger: the file has all that it takes.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use trackway_protocol::codec::{self, CodecError, MAX_ANSWER_LINE};
use trackway_protocol::log::{
    ExportCheckpoint, ExportLine, Fault, Hash, Kept, Note, Seal, Verdict, Verification, Verifier,
    VerifierKey,
};

/// Verifies the export in a file.
///
/// # Errors
///
/// Those of reading it.
pub(super) fn verify(
    path: &Path,
    outside: &[Note],
    key: Option<&VerifierKey>,
) -> io::Result<Verification> {
    let mut file = File::open(path)?;
    let last = last_line(&mut file)?;
    let given = if key.is_some() { "checked" } else { "not checked" };
    let own = last.as_ref().and_then(|last| VerifierKey::parse(last.key.as_deref()?).ok());
    let key = key.or(own.as_ref());
    let note = last.as_ref().and_then(|last| last.note.as_deref());
    let note = note.map(|note| Note::parse(note).ok().filter(|note| note.checkpoint().is_some()));
    let mut seals = Vec::new();
    let mut add = |note: &Note, kept| {
        let signature = key.map(|key| note.check(key));
        seals.extend(note.checkpoint().map(|checkpoint| Seal { checkpoint, kept, signature }));
    };
    if let Some(Some(note)) = &note {
        add(note, Kept::Inside);
    }
    outside.iter().for_each(|note| add(note, Kept::Outside));
    let mut reading =
        Reading { verifier: Verifier::new(seals), is_over: false, is_broken_off: false, line: 0 };
    if note == Some(None) {
        reading.fault(Verdict::Forged, None, "its checkpoint is none".into());
    }
    if last.is_some() && note.is_none() {
        let why = "there is no checkpoint at its end: nothing tells whether it is whole";
        reading.fault(Verdict::Truncated, None, why.into());
    }
    reading.read_all(BufReader::with_capacity(1 << 20, file))?;
    let sealed = note.flatten().and_then(|note| note.checkpoint()).map(|it| it.size);
    Ok(reading.finish(sealed, key, given))
}

/// Reads the last line, where it is a checkpoint, and goes back to the beginning.
fn last_line(file: &mut File) -> io::Result<Option<ExportCheckpoint>> {
    const FAR: u64 = 128 * 1024;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(FAR)))?;
    let mut tail = Vec::new();
    file.take(FAR).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let tail = tail.strip_suffix(b"\n").unwrap_or(&tail);
    let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match ExportLine::read(last) {
        Some(ExportLine::Checkpoint(last)) => Some(last),
        _ => None,
    })
}

/// An export that is being read.
struct Reading {
    verifier: Verifier,
    /// Whether its end was met.
    is_over: bool,
    /// Whether nothing can be said of what follows.
    is_broken_off: bool,
    line: u64,
}

impl Reading {
    fn read_all(&mut self, mut reader: BufReader<File>) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            self.line += 1;
            match codec::read_line(&mut reader, &mut line, MAX_ANSWER_LINE) {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(CodecError::Io(error)) => return Err(error),
                Err(CodecError::Cut | CodecError::TooLong { .. }) => {
                    let why = format!("line {} is cut off or too long", self.line);
                    self.break_off(Verdict::Corrupt, why);
                    return Ok(());
                }
            }
            if self.is_over {
                let why = format!("line {} comes after the end of the export", self.line);
                self.break_off(Verdict::Altered, why);
                return Ok(());
            }
            if !self.take(&line) {
                return Ok(());
            }
        }
    }

    /// Takes a line; false where nothing can be said of what follows.
    fn take(&mut self, line: &[u8]) -> bool {
        let due = self.verifier.size() + 1;
        match ExportLine::read(line) {
            Some(ExportLine::Record(record)) if record.seq == due => {
                self.verifier.push(Hash::of_leaf(line));
                true
            }
            Some(ExportLine::Record(record)) => self.misplaced(due, record.seq),
            Some(ExportLine::Omitted(omitted)) => match omitted.span() {
                Some(span) if omitted.from == due => {
                    self.verifier.leave_out(&span, omitted.pruned).is_ok()
                }
                Some(_) => self.misplaced(due, omitted.from),
                None => {
                    let why = format!("line {} does not stand for any records", self.line);
                    self.break_off(Verdict::Altered, why)
                }
            },
            Some(ExportLine::Checkpoint(_)) => {
                self.is_over = true;
                true
            }
            None => {
                let why = format!("line {} is no line of an export", self.line);
                self.break_off(Verdict::Corrupt, why)
            }
        }
    }

    fn misplaced(&mut self, due: u64, found: u64) -> bool {
        let why = if found > due {
            format!("record {due} is missing")
        } else {
            format!("record {found} is there twice, or not in its place")
        };
        self.break_off(Verdict::Altered, why)
    }

    fn break_off(&mut self, verdict: Verdict, why: String) -> bool {
        let seq = Some(self.verifier.size() + 1);
        self.is_broken_off = true;
        self.verifier.break_off(Fault { verdict, seq, until: None, why });
        false
    }

    fn fault(&mut self, verdict: Verdict, seq: Option<u64>, why: String) {
        self.verifier.fault(Fault { verdict, seq, until: None, why });
    }

    fn finish(
        mut self,
        sealed: Option<u64>,
        key: Option<&VerifierKey>,
        given: &str,
    ) -> Verification {
        let records = self.verifier.size();
        if !self.is_over && !self.is_broken_off {
            let why = "it does not end with a checkpoint: it is cut off, or was made with --bare or \
                       --hash-paths";
            self.fault(Verdict::Truncated, Some(records + 1), why.into());
        }
        if let Some(sealed) = sealed.filter(|sealed| *sealed < records) {
            let why = format!("there are {records} records, and its checkpoint has {sealed}");
            self.fault(Verdict::Altered, Some(sealed + 1), why);
        }
        self.verifier.finish(key.map(|key| key.name().to_owned()), given)
    }
}
