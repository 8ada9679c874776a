//! What is done to a ledger, with all that its owner has: the database, the key, and this program.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::Value;
use trackway_protocol::log::Verdict::{
    self, Altered, Corrupt, Forged, Ok as Fine, Truncated, UnsealedTail,
};
use trackway_protocol::log::{Checkpoint, Hash, Note, Notes, Signer, Span};

use super::Victim;

/// One thing that is done to a copy of a ledger.
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// Does it, and returns the number of the first record that is not as it was, where there is one.
    pub(super) run: fn(&Path, &Victim) -> Option<u64>,
    /// The verdict alone, and with a checkpoint that was kept elsewhere.
    pub(super) verdicts: (Verdict, Verdict),
}

const fn attack(
    name: &'static str,
    run: fn(&Path, &Victim) -> Option<u64>,
    verdicts: (Verdict, Verdict),
) -> Attack {
    Attack { name, run, verdicts }
}

/// All of them.
pub(super) const ATTACKS: &[Attack] = &[
    attack("edits a record", edit, (Altered, Altered)),
    attack("edits a record and its hash", edit_with_hash, (Altered, Altered)),
    attack("files a record under another time", refile, (Altered, Altered)),
    attack("removes a record", delete, (Altered, Altered)),
    attack("removes a record and closes the gap", delete_and_close, (Altered, Altered)),
    attack("inserts a record", insert, (Altered, Altered)),
    attack("adds a record with a number far away", far_away, (Altered, Altered)),
    attack("swaps two records", swap, (Altered, Altered)),
    attack("empties a record as if it were pruned", empty, (Altered, Altered)),
    attack("removes the last records", truncate, (Truncated, Truncated)),
    attack("removes the checkpoints", strip, (Altered, Altered)),
    attack("replaces a checkpoint by another text", deface, (Forged, Forged)),
    attack("signs with another key", sign_otherwise, (Forged, Forged)),
    attack("replaces the key", replace_key, (Forged, Forged)),
    attack("writes over the database", overwrite, (Corrupt, Corrupt)),
    attack("rolls back to an older copy", roll_back, (Fine, Truncated)),
    attack("removes the last records and their checkpoints", cut, (Fine, Truncated)),
    attack("rewrites history with the key", rewrite, (Fine, Forged)),
    attack("replaces ledger and key together", replace_all, (Fine, Forged)),
    attack("adds records at the end", append, (UnsealedTail, UnsealedTail)),
];

/// Opens a ledger without the triggers that keep honest programs from mistakes.
fn open(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("ledger.db")).expect("it is a database");
    connection
        .execute_batch(
            "DROP TRIGGER record_is_never_deleted; DROP TRIGGER record_is_never_changed;
             DROP TRIGGER record_follows_the_last;",
        )
        .expect("they are there");
    connection
}

fn run(dir: &Path, sql: &str) {
    open(dir).execute_batch(sql).expect("it is SQL");
}

/// A launch's record in the middle of the ledger.
fn middle(connection: &Connection) -> u64 {
    let sql = "SELECT seq FROM record WHERE kind = 'launch.started' ORDER BY seq LIMIT 1 OFFSET 2";
    connection
        .query_row(sql, [], |row| row.get::<_, i64>(0))
        .expect("there are some")
        .unsigned_abs()
}

fn body(connection: &Connection, seq: u64) -> Vec<u8> {
    let sql = "SELECT body FROM record WHERE seq = ?";
    connection.query_row(sql, [seq.cast_signed()], |row| row.get(0)).expect("it is there")
}

/// What somebody wants to hide: where it was.
fn elsewhere(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(body.to_vec()).expect("JSON is UTF-8");
    let changed = text.replace("/repo\"", "/elsewhere\"");
    assert_ne!(changed, text, "there is something to hide");
    changed.into_bytes()
}

fn write(connection: &Connection, seq: u64, body: &[u8], leaf: Option<Hash>) {
    let seq = seq.cast_signed();
    let sql = "UPDATE record SET body = ?, leaf = coalesce(?, leaf) WHERE seq = ?";
    let leaf = leaf.map(|leaf| leaf.as_bytes().to_vec());
    connection.execute(sql, params![body, leaf, seq]).expect("nothing forbids it");
}

fn edit(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let changed = elsewhere(&body(&connection, seq));
    write(&connection, seq, &changed, None);
    Some(seq)
}

fn edit_with_hash(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let changed = elsewhere(&body(&connection, seq));
    write(&connection, seq, &changed, Some(Hash::of_leaf(&changed)));
    Some(seq)
}

fn refile(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let sql = "UPDATE record SET at_ms = at_ms - 86400000 WHERE seq = ?";
    connection.execute(sql, [seq.cast_signed()]).expect("nothing forbids it");
    Some(seq)
}

fn delete(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let sql = "DELETE FROM record WHERE seq = ?";
    connection.execute(sql, [seq.cast_signed()]).expect("nothing forbids it");
    Some(seq)
}

fn delete_and_close(dir: &Path, victim: &Victim) -> Option<u64> {
    let seq = delete(dir, victim)?;
    let connection = Connection::open(dir.join("ledger.db")).expect("it is a database");
    let sql = format!(
        "UPDATE record SET seq = -seq WHERE seq > {seq}; UPDATE record SET seq = -seq - 1 WHERE seq < 0;"
    );
    connection.execute_batch(&sql).expect("nothing forbids it");
    Some(seq)
}

fn insert(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let sql = format!(
        "UPDATE record SET seq = -seq WHERE seq >= {seq}; UPDATE record SET seq = -seq + 1 WHERE seq < 0;
         INSERT INTO record SELECT {seq}, kind, at_ms, body, leaf FROM record WHERE seq = {seq} + 1;"
    );
    connection.execute_batch(&sql).expect("nothing forbids it");
    // The copy is at home here; what it was made of is not any more.
    Some(seq + 1)
}

/// Whoever counts up to such a number does not come to an end.
fn far_away(dir: &Path, _: &Victim) -> Option<u64> {
    let sql = "INSERT INTO record SELECT 4611686018427387904, kind, at_ms, body, leaf FROM record
         WHERE seq = 5";
    let connection = open(dir);
    let last: i64 =
        connection.query_row("SELECT max(seq) FROM record", [], |row| row.get(0)).expect("a table");
    connection.execute_batch(sql).expect("nothing forbids it");
    Some(last.unsigned_abs() + 1)
}

fn swap(dir: &Path, _: &Victim) -> Option<u64> {
    let seq = middle(&open_again(dir));
    let other = seq + 1;
    let sql = format!(
        "UPDATE record SET seq = -1 WHERE seq = {seq}; UPDATE record SET seq = {seq} WHERE seq = {other};
         UPDATE record SET seq = {other} WHERE seq = -1;"
    );
    run(dir, &sql);
    Some(seq)
}

fn open_again(dir: &Path) -> Connection {
    Connection::open(dir.join("ledger.db")).expect("it is a database")
}

fn empty(dir: &Path, _: &Victim) -> Option<u64> {
    let seq = middle(&open_again(dir));
    // The triggers allow it: that is how pruning works.
    let sql = "UPDATE record SET body = NULL WHERE seq = ?";
    open_again(dir).execute(sql, [seq.cast_signed()]).expect("nothing forbids it");
    Some(seq)
}

/// Removes records that were sealed, and leaves their checkpoints.
pub(super) fn truncate(dir: &Path, _: &Victim) -> Option<u64> {
    run(dir, "DELETE FROM record WHERE seq > (SELECT max(seq) - 3 FROM record)");
    None
}

fn strip(dir: &Path, _: &Victim) -> Option<u64> {
    run(dir, "DELETE FROM checkpoint");
    None
}

fn deface(dir: &Path, _: &Victim) -> Option<u64> {
    run(
        dir,
        "UPDATE checkpoint SET note = 'nothing' WHERE size = (SELECT max(size) FROM checkpoint)",
    );
    None
}

fn signer(dir: &Path) -> Signer {
    let text = fs::read_to_string(dir.join("signing.key")).expect("it is there");
    Signer::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Signs every checkpoint again, over what the ledger has now.
fn sign_again(connection: &Connection, signer: &Signer) {
    let origin = signer.verifier().name().to_owned();
    let mut all = connection.prepare("SELECT size, at_ms, note FROM checkpoint").expect("a table");
    let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let all: Vec<(i64, i64, String)> = all.and_then(Iterator::collect).expect("it is readable");
    for (size, at_ms, note) in all {
        let at = Note::parse(&note).expect("a note").checkpoint().expect("a checkpoint").at;
        let root = root(connection, size);
        let size = size.unsigned_abs();
        let note = signer.sign(&Checkpoint { origin: origin.clone(), size, root, at }).to_string();
        let sql = "UPDATE checkpoint SET note = ? WHERE size = ? AND at_ms = ?";
        connection.execute(sql, params![note, size.cast_signed(), at_ms]).expect("a table");
    }
}

fn root(connection: &Connection, size: i64) -> Hash {
    let mut tree = Span::tree();
    let mut leaves =
        connection.prepare("SELECT leaf FROM record WHERE seq <= ? ORDER BY seq").expect("a table");
    let leaves = leaves.query_map([size], |row| row.get(0).map(Hash::from_bytes));
    leaves.expect("a table").for_each(|leaf| tree.push(leaf.expect("a hash")));
    tree.root().expect("it begins with the first")
}

fn sign_otherwise(dir: &Path, victim: &Victim) -> Option<u64> {
    edit_with_hash(dir, victim);
    sign_again(&open_again(dir), &Signer::from_seed(&[1; 32]));
    None
}

fn replace_key(dir: &Path, _: &Victim) -> Option<u64> {
    let key = Signer::from_seed(&[1; 32]).to_private_text();
    fs::write(dir.join("signing.key"), key).expect("the world is ours");
    None
}

fn overwrite(dir: &Path, _: &Victim) -> Option<u64> {
    let mut file = File::options().write(true).open(dir.join("ledger.db")).expect("it is there");
    file.seek(SeekFrom::Start(0)).expect("a file");
    file.write_all(&[0x5a; 64 * 1024]).expect("the world is ours");
    None
}

fn roll_back(dir: &Path, victim: &Victim) -> Option<u64> {
    fs::remove_dir_all(dir).expect("the world is ours");
    super::copy(&victim.older, dir);
    None
}

fn cut(dir: &Path, victim: &Victim) -> Option<u64> {
    // Back to a checkpoint, so that nothing is left that is not sealed.
    let connection = open(dir);
    let kept = fs::read_to_string(&victim.outside).expect("it was kept");
    let kept = Notes::of(&kept).next().expect("there is one").expect("a note").checkpoint();
    let kept = kept.expect("a checkpoint").size.cast_signed();
    let sql = "SELECT max(size) FROM checkpoint WHERE size < ?";
    let size: i64 = connection.query_row(sql, [kept], |row| row.get(0)).expect("there are several");
    let sql = format!(
        "DELETE FROM record WHERE seq > {size}; DELETE FROM checkpoint WHERE size > {size};
         DELETE FROM tree;"
    );
    connection.execute_batch(&sql).expect("nothing forbids it");
    None
}

fn rewrite(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let seq = middle(&connection);
    let changed = elsewhere(&body(&connection, seq));
    write(&connection, seq, &changed, Some(Hash::of_leaf(&changed)));
    // What later records say of the root is rewritten as well.
    let sql = "SELECT seq FROM record WHERE kind = 'daemon.started' AND seq > ? ORDER BY seq";
    let mut later = connection.prepare(sql).expect("a table");
    let later = later.query_map([seq.cast_signed()], |row| row.get::<_, i64>(0));
    let later: Vec<i64> = later.and_then(Iterator::collect).expect("it is readable");
    for later in later {
        let later = later.unsigned_abs();
        let text = String::from_utf8(body(&connection, later)).expect("JSON is UTF-8");
        let record: Value = serde_json::from_str(&text).expect("a record");
        let sealed = &record["body"]["sealed"];
        let size = sealed["size"].as_i64().expect("a checkpoint was there");
        let old = sealed["root"].as_str().expect("its root");
        let text = text.replace(old, &root(&connection, size).to_string());
        write(&connection, later, text.as_bytes(), Some(Hash::of_leaf(text.as_bytes())));
    }
    sign_again(&connection, &signer(dir));
    None
}

fn replace_all(dir: &Path, _: &Victim) -> Option<u64> {
    // Another ledger, of an honest daemon.
    let other = crate::stub::watch();
    super::launches(&other);
    other.daemon.stop();
    fs::remove_dir_all(dir).expect("the world is ours");
    super::copy(&other.daemon.state_dir(), dir);
    None
}

fn append(dir: &Path, _: &Victim) -> Option<u64> {
    let connection = open(dir);
    let last: i64 =
        connection.query_row("SELECT max(seq) FROM record", [], |row| row.get(0)).expect("a table");
    let seq = middle(&connection);
    let text = String::from_utf8(body(&connection, seq)).expect("JSON is UTF-8");
    let text = text.replacen(&format!("\"seq\":{seq},"), &format!("\"seq\":{},", last + 1), 1);
    let leaf = Hash::of_leaf(text.as_bytes());
    let sql = "INSERT INTO record SELECT ?, kind, at_ms, ?, ? FROM record WHERE seq = ?";
    let values = params![last + 1, text.as_bytes(), &leaf.as_bytes()[..], seq.cast_signed()];
    connection.execute(sql, values).expect("nothing forbids it");
    None
}
