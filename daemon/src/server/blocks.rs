//! Blocks: a header and the lines that it counts, as the bytes that are sent.

use std::{iter, vec};

use serde::Serialize;
use trackway_protocol::codec;
use trackway_protocol::message::Answer;

/// Bytes of a block, but for what its last line has more: what any client may hold in memory.
pub(super) const BLOCK_BYTES: usize = 64 * 1024;

/// Returns rows in blocks.
pub(super) fn rows<T: Serialize>(id: u64, rows: Vec<T>) -> Vec<Vec<u8>> {
    let mut rows = rows.into_iter();
    let header = |count| Answer::Rows { id, count };
    let write = |row: T, bytes: &mut Vec<u8>| bytes.extend(codec::to_line(&row));
    iter::from_fn(|| block(&mut rows, BLOCK_BYTES, header, write)).collect()
}

/// Returns records in blocks.
pub(super) fn records(id: u64, records: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut records = records.into_iter();
    let header = |count| Answer::Records { id, count };
    iter::from_fn(|| block(&mut records, BLOCK_BYTES, header, write_record)).collect()
}

/// Returns `count` records, which are lines already, in one block; nothing where there are none.
pub(super) fn page(id: u64, count: u64, lines: &[u8]) -> Vec<u8> {
    if count == 0 {
        return Vec::new();
    }
    let mut block = codec::to_line(&Answer::Records { id, count });
    block.extend_from_slice(lines);
    block
}

fn write_record(record: Vec<u8>, bytes: &mut Vec<u8>) {
    bytes.extend(record);
    bytes.push(b'\n');
}

fn block<T>(
    items: &mut vec::IntoIter<T>,
    limit: usize,
    header: impl Fn(u64) -> Answer,
    write: impl Fn(T, &mut Vec<u8>),
) -> Option<Vec<u8>> {
    let (mut count, mut lines) = (0, Vec::new());
    while lines.len() < limit
        && let Some(item) = items.next()
    {
        write(item, &mut lines);
        count += 1;
    }
    let mut block = codec::to_line(&header(count));
    block.append(&mut lines);
    (count > 0).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_once_it_is_full_and_nothing_has_no_block() {
        let record = vec![b'x'; BLOCK_BYTES / 2];
        let blocks = records(7, vec![record.clone(), record.clone(), record.clone()]);
        assert_eq!(blocks.len(), 2);
        assert!(blocks[0].starts_with(br#"{"type":"records","id":7,"count":2}"#));
        assert!(blocks[1].starts_with(br#"{"type":"records","id":7,"count":1}"#));
        assert_eq!(records(7, vec![]), Vec::<Vec<u8>>::new());
        assert!(page(7, 0, b"").is_empty());
        assert_eq!(page(7, 1, b"x\n"), b"{\"type\":\"records\",\"id\":7,\"count\":1}\nx\n");
    }

    #[test]
    fn every_row_is_a_line_below_a_header() {
        let blocks = rows(1, vec!["a", "b"]);
        assert_eq!(blocks, [b"{\"type\":\"rows\",\"id\":1,\"count\":2}\n\"a\"\n\"b\"\n".to_vec()]);
    }
}
