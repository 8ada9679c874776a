//! The ledger's file: created, opened, checked and migrated.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;

/// Every step from an empty file to the current schema. What was released is never edited,
/// reordered or removed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_records.sql"),
    include_str!("migrations/0002_sessions.sql"),
    include_str!("migrations/0003_ingest.sql"),
    include_str!("migrations/0004_changes.sql"),
    include_str!("migrations/0005_configuration.sql"),
    include_str!("migrations/0006_findings.sql"),
    include_str!("migrations/0007_log.sql"),
    include_str!("migrations/0008_zones.sql"),
    include_str!("migrations/0009_usage_by_time.sql"),
    include_str!("migrations/0010_accesses_of_a_range.sql"),
];

/// "TRKW": tells a ledger from the databases of other programs.
const APPLICATION_ID: i64 = 0x5452_4b57;

/// Up to this size every page is checked at start, which takes a blink. Of a larger ledger the
/// daemon would be blind meanwhile: there the first read of a damaged page tells.
const CHECKED_BYTES: u64 = 16 << 20;

/// How long to wait for another process that has the file locked. The writer tries again after it.
const BUSY: Duration = Duration::from_secs(1);

/// How long between two attempts where SQLite does not wait.
const PAUSE: Duration = Duration::from_millis(5);

/// What a connection that reads may keep in memory.
const READING_KIB: i64 = 6 << 10;

/// What one that makes all tables anew may: every record touches some page of each.
const REBUILDING_KIB: i64 = 256 << 10;

/// Returns the version of the schema.
#[cfg(test)]
pub(super) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Opens the one connection that writes, creating and migrating the file where needed.
pub(super) fn open_writing(path: &Path) -> Result<Connection, StoreError> {
    make_private(path)?;
    open_checked(path).map_err(|error| explain(path, error))
}

/// Opens a connection that cannot write.
pub(super) fn open_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare_connection(&connection)?;
    // What one question after another looks at: with less, each reads most of it anew.
    connection.pragma_update(None, "cache_size", -READING_KIB)?;
    Ok(connection)
}

/// Refuses a file that is no ledger, or a newer program's, and changes nothing.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let check = || -> Result<(), StoreError> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        let found = version(&connection, path)?;
        if found == MIGRATIONS.len() {
            Ok(())
        } else {
            Err(StoreError::Older { path: path.to_owned(), found })
        }
    };
    check().map_err(|error| explain(path, error))
}

/// Lets a connection that makes all tables anew keep more of them in memory.
pub(super) fn prepare_rebuilding(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -REBUILDING_KIB)
}

/// Brings the schema up to date in one transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    // Immediate: two programs that start at once must not both find the old version.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&tx, path)?;
    for migration in &MIGRATIONS[found..] {
        tx.execute_batch(migration)?;
    }
    if found < MIGRATIONS.len() {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    Ok(Transaction::commit(tx)?)
}

/// Makes a ledger as the program made it that knew only so many migrations.
#[cfg(test)]
pub(super) fn begin_at(path: &Path, version: usize) {
    let connection = Connection::open(path).unwrap();
    MIGRATIONS[..version].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", version as i64).unwrap();
}

fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // A ledger that turns out to be damaged is left as it was found, its log included.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Before the first change of a file that may not be ours.
    version(&connection, path)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    prepare_connection(&connection)?;
    prepare_writing(&connection)?;
    migrate(&mut connection, path)?;
    check_pages(&connection, path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Sets what every connection needs.
fn prepare_connection(connection: &Connection) -> rusqlite::Result<()> {
    // Somebody may look at the ledger with the sqlite3 shell: wait for them, do not fail.
    connection.busy_timeout(BUSY)?;
    // Sorting may spill paths of the user's into files; those must not lie in /tmp.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Notices a damaged page when it is read, before it can be mistaken for data.
    connection.pragma_update(None, "cell_size_check", true)?;
    // Functions named in a schema that somebody changed are not run.
    connection.pragma_update(None, "trusted_schema", false)?;
    // Otherwise many a statement is planned anew for each value that it is run with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Sets what the writing connection needs besides.
fn prepare_writing(connection: &Connection) -> rusqlite::Result<()> {
    // Readers and the writer never wait for each other.
    use_write_ahead_log(connection)?;
    // What was committed survives a power cut; NORMAL was measured to lose hundreds of rows.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS an ordinary fsync leaves the data in the drive's cache.
    connection.pragma_update(None, "fullfsync", true)?;
    // A slow reader may once let the log grow; it shall not keep that size.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)
}

/// Changes a new file to write-ahead logging, which stays.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            // For this change alone SQLite does not wait by itself, since two that waited for each
            // other would do so forever.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

/// Returns how many migrations the file has seen, if it is a ledger that we can use.
fn version(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    // In this order: a ledger that another program makes meanwhile, in one transaction, is never
    // seen with tables and without the mark that makes them ours.
    let is_empty = !connection.prepare("SELECT 1 FROM sqlite_schema")?.exists([])?;
    let (found, application) = (number("user_version")?, number("application_id")?);
    if application != APPLICATION_ID && !(is_empty && found == 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    match usize::try_from(found) {
        Ok(found) if found <= MIGRATIONS.len() => Ok(found),
        _ => Err(StoreError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() }),
    }
}

fn check_pages(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).map_or(0, |meta| meta.len()) > CHECKED_BYTES {
        return Ok(());
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Corrupt { path: path.to_owned(), detail: found })
}

/// Tells the failures of SQLite apart that call for different advice.
pub(super) fn explain(path: &Path, error: StoreError) -> StoreError {
    let StoreError::Sqlite(source) = &error else { return error };
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path, detail: source.to_string() }
        }
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
        _ => error,
    }
}

/// Makes sure that nobody else can read the ledger; SQLite gives its own files the same mode.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let unless = |kind, result: io::Result<()>| match result {
        Err(source) if source.kind() != kind => {
            Err(StoreError::File { path: path.to_owned(), source })
        }
        _ => Ok(()),
    };
    // Only a new file is opened: closing one that SQLite has open elsewhere in this process would
    // take its locks away.
    let mut new = fs::OpenOptions::new();
    let made = new.write(true).create_new(true).mode(0o600).open(path).map(drop);
    unless(io::ErrorKind::AlreadyExists, made)?;
    files(path).iter().try_for_each(|file| {
        let closed = fs::set_permissions(file, fs::Permissions::from_mode(0o600));
        unless(io::ErrorKind::NotFound, closed)
    })
}

/// Does nothing: where there are no modes, the directory in the user's profile is what protects it.
#[cfg(not(unix))]
fn make_private(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Returns the ledger's files: the database, its write-ahead log and that log's index.
pub(super) fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    })
}
