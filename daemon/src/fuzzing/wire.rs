//! What comes over the socket, what is in the ledger, and the daemon's own configuration file.

use std::io::BufReader;
use std::path::Path;

use serde_json::value::RawValue;
use trackway_protocol::codec::{self, CodecError};
use trackway_protocol::log::{
    Checkpoint, ExportLine, ExportOmitted, Note, Notes, Signature, Signer, VerifierKey,
};
use trackway_protocol::message::{Answer, Request};
use trackway_protocol::record::Record;

use super::assert_no_control;
use crate::config::Loaded;

/// Lines of the wire. The first byte is the length limit, the second the size of the reads.
pub fn wire(bytes: &[u8]) {
    let [limit, size, bytes @ ..] = bytes else { return };
    let limit = 16 * usize::from(*limit);
    let mut reader = BufReader::with_capacity(1 + usize::from(*size), bytes);
    let (mut line, mut whole) = (Vec::new(), Vec::new());
    let end = loop {
        match codec::read_line(&mut reader, &mut line, limit) {
            Ok(true) => {
                assert!(line.len() <= limit && !line.contains(&b'\n'));
                message(&line);
                whole.extend_from_slice(&line);
                whole.push(b'\n');
            }
            end => break end,
        }
    };
    assert!(bytes.starts_with(&whole), "what was read is what was sent");
    let rest = &bytes[whole.len()..];
    match end {
        Ok(_) => assert_eq!(rest, b""),
        Err(CodecError::Cut) => assert!(rest.len() <= limit && !rest.contains(&b'\n')),
        Err(CodecError::TooLong { .. }) => {
            assert!(!rest[..=limit].contains(&b'\n'), "a line within the limit was refused");
            assert!(line.len() <= limit + 1, "kept beyond the limit");
        }
        Err(CodecError::Io(error)) => panic!("{error}"),
    }
}

/// A request or an answer that is written is read as the same.
fn message(line: &[u8]) {
    if let Ok(request) = serde_json::from_slice::<Request>(line) {
        let written = codec::to_line(&request);
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(serde_json::from_slice::<Request>(&written).ok(), Some(request));
    }
    if let Ok(answer) = serde_json::from_slice::<Answer>(line) {
        let written = codec::to_line(&answer);
        assert_eq!(serde_json::from_slice::<Answer>(&written).ok(), Some(answer));
    }
}

/// A record that is written is read as the same, and is one line.
pub fn record(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(record) = serde_json::from_slice::<Record>(line) else { continue };
        let written = codec::to_line(&record);
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read: Record = serde_json::from_slice(&written).expect("what we write we read");
        assert_eq!(read.body.kind(), record.body.kind());
        assert_eq!(codec::to_line(&read), written);
        serde_json::from_slice::<&RawValue>(&written).expect("it is JSON");
    }
}

/// The daemon's own configuration files: an error is one line that a terminal can show.
pub fn own_configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let file = Some((Path::new("/c.toml"), text));
    match Loaded::of(file, file) {
        Ok(loaded) => assert!(!loaded.config.poll_interval.is_zero()),
        Err(error) => assert_no_control(&error.to_string()),
    }
}

/// Checkpoints in a file, and keys: what is read is written as it was, and nobody else's signature is
/// ever taken for the key's.
pub fn signed_note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let stranger = Signer::from_seed(&[7; 32]).verifier();
    for note in Notes::of(text).flatten() {
        let written = note.to_string();
        assert_eq!(Note::parse(&written).as_ref(), Ok(&note));
        // The corpus has none of this key's.
        assert_ne!(note.check(&stranger), Signature::Valid);
        if let Some(checkpoint) = note.checkpoint() {
            assert_eq!(Checkpoint::parse(&checkpoint.text()).as_ref(), Some(&checkpoint));
        }
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
    if let Ok(signer) = Signer::parse(text) {
        let again = Signer::parse(&signer.to_private_text()).map(|signer| signer.verifier());
        assert_eq!(again, Ok(signer.verifier()));
    }
}

/// Lines of an export: what stands for records that are left out stands for as many as it says.
pub fn export_line(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(ExportLine::Omitted(omitted)) = ExportLine::read(line) else { continue };
        let Some(span) = omitted.span() else { continue };
        assert_eq!((span.begin() + 1, span.end()), (omitted.from, omitted.until));
        let again = ExportOmitted::of(&span, omitted.pruned);
        assert_eq!(again, Some(omitted).filter(|_| !span.is_empty()));
    }
}
