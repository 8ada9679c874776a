//! One JSON object per line, with a length limit.

use std::io::{self, BufRead, Read};

use serde::Serialize;

/// The longest request line in bytes, without its line end.
pub const MAX_REQUEST_LINE: usize = 64 * 1024;

/// The longest line of an answer in bytes, without its line end.
///
/// A record of a launch with 128 KiB of argv, every byte of it escaped, stays below.
pub const MAX_ANSWER_LINE: usize = 4 * 1024 * 1024;

/// Why a line could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The line is longer than the limit; what follows cannot be trusted to be a line.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer closed the connection in the middle of a line.
    #[error("the connection ended in the middle of a line")]
    Cut,
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns `value` as one line, with its line end.
///
/// # Panics
///
/// Never for the types of this crate: their maps have string keys and their numbers are finite.
#[must_use]
pub fn to_line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("the types of the protocol always serialise");
    line.push(b'\n');
    line
}

/// Reads one line of at most `limit` bytes into `line`, without its line end.
///
/// Returns false at the end of the stream.
///
/// # Errors
///
/// [`CodecError::TooLong`] before more than `limit` bytes were kept, [`CodecError::Cut`] when the
/// stream ends without a line end, and errors of the transport.
pub fn read_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    limit: usize,
) -> Result<bool, CodecError> {
    line.clear();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = reader.by_ref().take(bound).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(true);
    }
    if line.len() > limit { Err(CodecError::TooLong { limit }) } else { Err(CodecError::Cut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], limit: usize) -> Result<Vec<String>, CodecError> {
        let mut reader = io::BufReader::with_capacity(3, bytes);
        let (mut line, mut lines) = (Vec::new(), Vec::new());
        while read_line(&mut reader, &mut line, limit)? {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        Ok(lines)
    }

    #[test]
    fn lines_up_to_the_limit_are_read() {
        assert_eq!(read(b"abcd\n\nef\n", 4).unwrap(), ["abcd", "", "ef"]);
    }

    #[test]
    fn a_longer_line_is_refused_without_being_kept() {
        assert!(matches!(read(b"abcde\n", 4), Err(CodecError::TooLong { limit: 4 })));
    }

    #[test]
    fn a_line_that_is_cut_off_is_no_line() {
        assert!(matches!(read(b"ab\ncd", 4), Err(CodecError::Cut)));
    }
}
