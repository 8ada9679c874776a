//! The head of a record's stored bytes, read without reading the rest.
//!
//! A record is written by one program, in one order: `seq`, `id`, `at`, `recorded_at`, `kind`. So its
//! head can be told at a fraction of what parsing it costs, and bytes in another order are not ours.

/// The head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Its number.
    pub seq: u64,
    /// When it happened, as it is written.
    pub at: &'a str,
    /// What it is about.
    pub kind: &'a str,
}

impl<'a> Envelope<'a> {
    /// Reads the head of a record; none where these are no record's bytes.
    #[must_use]
    pub fn read(record: &'a [u8]) -> Option<Self> {
        let (seq, rest) = split(record.strip_prefix(br#"{"seq":"#)?, b',')?;
        let (_, rest) = split(rest.strip_prefix(br#""id":""#)?, b'"')?;
        let (at, rest) = split(rest.strip_prefix(br#","at":""#)?, b'"')?;
        let (_, rest) = split(rest.strip_prefix(br#","recorded_at":""#)?, b'"')?;
        let (kind, _) = split(rest.strip_prefix(br#","kind":""#)?, b'"')?;
        Some(Self { seq: seq.parse().ok()?, at, kind })
    }
}

/// Returns what stands before and behind a byte; none where that is far away, or is not there.
fn split(bytes: &[u8], at: u8) -> Option<(&str, &[u8])> {
    const FAR: usize = 64;
    let place = bytes.iter().take(FAR).position(|byte| *byte == at)?;
    Some((std::str::from_utf8(&bytes[..place]).ok()?, &bytes[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{RecordId, Timestamp};
    use crate::record::{Body, Coverage, Evidence, Record};

    #[test]
    fn the_head_of_a_record_is_what_its_json_says() {
        let record = Record {
            seq: 17,
            id: RecordId::new(),
            at: Timestamp::from_ms(1_795_436_453_007),
            recorded_at: Timestamp::from_ms(0),
            evidence: Evidence::Kernel,
            replaces: Some(RecordId::new()),
            body: Body::Coverage(Coverage::default()),
        };
        let bytes = serde_json::to_vec(&record).unwrap();
        let expected = Envelope { seq: 17, at: "2026-11-23T12:20:53.007Z", kind: "coverage" };
        assert_eq!(Envelope::read(&bytes), Some(expected));
        for end in 0..140 {
            // Any part of it is either not read, or read as the whole is.
            let read = Envelope::read(&bytes[..end]);
            assert!(read.is_none() || read == Some(expected), "{end}");
        }
    }

    #[test]
    fn other_bytes_have_none() {
        for bytes in [&b""[..], b"{}", b"\xff", br#"{"id":"x","seq":1}"#, br#"{"seq":-1,"id":"x""#]
        {
            assert_eq!(Envelope::read(bytes), None);
        }
    }
}
