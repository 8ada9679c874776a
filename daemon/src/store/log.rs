//! The tree over the records, and the checkpoints of it, as the ledger keeps them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{Checkpoint, Hash, Note, Signer, Span};
use trackway_protocol::record::SealedRoot;
use trackway_protocol::row::SealedStatus;

use super::append::last_seq;

/// A checkpoint that was signed and is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// How many records it is of.
    pub(crate) size: u64,
    /// When it was made.
    pub(crate) at: Timestamp,
    /// The signed note.
    pub(crate) note: String,
}

impl Sealed {
    /// Returns what the note says; none where somebody has written something else there.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        Note::parse(&self.note).ok()?.checkpoint()
    }

    /// Returns what `status` tells of it.
    pub(crate) fn status(&self) -> SealedStatus {
        SealedStatus { size: self.size, at: self.at }
    }

    /// Returns the root, as records name it.
    pub(crate) fn root(&self) -> Option<SealedRoot> {
        let Checkpoint { size, root, .. } = self.checkpoint()?;
        Some(SealedRoot { size, root: root.to_string() })
    }
}

/// Reads the tree. Where what is kept of it does not belong to the records, it is made anew of their
/// leaf hashes.
pub(super) fn load_tree(connection: &Connection) -> rusqlite::Result<Span> {
    let size = last_seq(connection)?;
    let kept = connection
        .query_row("SELECT size, nodes FROM tree", [], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    let tree = kept.filter(|(kept, _)| *kept == size).and_then(|(_, nodes)| tree(size, &nodes));
    tree.map_or_else(|| of_leaves(connection), Ok)
}

/// Whether what was made of the records goes further than they do.
pub(super) fn is_cut(connection: &Connection, last_seq: u64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tree WHERE size > ?1)
        OR EXISTS (SELECT 1 FROM coverage WHERE seq > ?1)
        OR EXISTS (SELECT 1 FROM daemon_run WHERE seq > ?1)";
    connection.query_row(sql, [last_seq.cast_signed()], |row| row.get(0))
}

fn tree(size: u64, nodes: &[u8]) -> Option<Span> {
    let (hashes, []) = nodes.as_chunks::<32>() else { return None };
    Span::from_hashes(0, size, hashes.iter().map(|hash| Hash::from_bytes(*hash))).ok()
}

fn of_leaves(connection: &Connection) -> rusqlite::Result<Span> {
    let mut leaves = connection.prepare("SELECT leaf FROM record ORDER BY seq")?;
    let mut rows = leaves.query([])?;
    let mut tree = Span::tree();
    while let Some(row) = rows.next()? {
        // What is no hash any more stands as none: recording goes on, and a verification tells.
        tree.push(Hash::from_bytes(row.get(0).unwrap_or_default()));
    }
    Ok(tree)
}

/// Keeps the tree, in the transaction that made it grow.
pub(super) fn save_tree(tx: &Connection, tree: &Span) -> rusqlite::Result<()> {
    let nodes: Vec<u8> = tree.hashes().flat_map(|hash| *hash.as_bytes()).collect();
    let sql = "INSERT INTO tree (one, size, nodes) VALUES (1, ?, ?)
         ON CONFLICT (one) DO UPDATE SET size = excluded.size, nodes = excluded.nodes";
    tx.prepare_cached(sql)?.execute(params![tree.end().cast_signed(), nodes])?;
    Ok(())
}

/// Signs the tree and keeps the checkpoint. The records must be durable already.
pub(super) fn seal(
    connection: &mut Connection,
    tree: &Span,
    signer: &Signer,
) -> rusqlite::Result<Sealed> {
    let (size, at) = (tree.end(), Timestamp::now());
    let origin = signer.verifier().name().to_owned();
    let root = tree.root().expect("it begins with the first record");
    let note = signer.sign(&Checkpoint { origin, size, root, at: Some(at) }).to_string();
    let tx = connection.transaction()?;
    let sql = "DELETE FROM checkpoint WHERE size = ?1
            AND at_ms > (SELECT min(at_ms) FROM checkpoint WHERE size = ?1)";
    tx.prepare_cached(sql)?.execute([size.cast_signed()])?;
    let sql = "INSERT OR REPLACE INTO checkpoint (size, at_ms, note) VALUES (?, ?, ?)";
    tx.prepare_cached(sql)?.execute(params![size.cast_signed(), at.ms(), note])?;
    tx.commit()?;
    Ok(Sealed { size, at, note })
}

/// Returns the newest checkpoint; none where there is none.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<Sealed>> {
    let sql = "SELECT size, at_ms, note FROM checkpoint ORDER BY size DESC, at_ms DESC LIMIT 1";
    connection.query_row(sql, [], sealed).optional()
}

/// Returns all checkpoints, the smallest first.
pub(super) fn checkpoints(connection: &Connection) -> rusqlite::Result<Vec<Sealed>> {
    let mut all =
        connection.prepare("SELECT size, at_ms, note FROM checkpoint ORDER BY size, at_ms")?;
    all.query_map([], sealed)?.collect()
}

fn sealed(row: &Row<'_>) -> rusqlite::Result<Sealed> {
    Ok(Sealed {
        size: row.get::<_, i64>(0)?.cast_unsigned(),
        at: Timestamp::from_ms(row.get(1)?),
        note: row.get(2)?,
    })
}

/// Returns what is plainly wrong with a ledger that is opened: what costs nothing to see, and must not
/// be covered by new checkpoints without a word.
pub(super) fn damage(
    connection: &Connection,
    tree: &Span,
    signer: &Signer,
) -> rusqlite::Result<Option<String>> {
    let Some(newest) = newest(connection)? else { return Ok(None) };
    let (size, records) = (newest.size, tree.end());
    if size > records {
        return Ok(Some(format!("there are {records} records, and a checkpoint has {size}")));
    }
    let Some(checkpoint) = newest.checkpoint() else {
        return Ok(Some(format!("the checkpoint of {size} records cannot be read")));
    };
    if checkpoint.origin != signer.verifier().name() {
        let why = "the key that signed its checkpoints is gone; a new one signs from now on";
        return Ok(Some(why.to_owned()));
    }
    let is_same = size < records || tree.root() == Some(checkpoint.root);
    Ok((!is_same).then(|| format!("its {size} records are not those of the last checkpoint")))
}
