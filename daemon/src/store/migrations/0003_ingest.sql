-- Ingest state: how far session files were read, and which of their facts are recorded already. It
-- commits with the records that it speaks of, is not made from them, and survives their pruning.

CREATE TABLE ingest_file (
    device INTEGER NOT NULL,
    inode  INTEGER NOT NULL,
    path   BLOB    NOT NULL,
    name   BLOB    NOT NULL,                        -- the last component of the path
    value  BLOB    NOT NULL,                        -- cursor and reader's state, the reader's own
    PRIMARY KEY (device, inode)
) STRICT, WITHOUT ROWID;
CREATE INDEX ingest_file_by_name ON ingest_file (name);
CREATE INDEX ingest_file_by_path ON ingest_file (path);

CREATE TABLE ingest_key (
    key   BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every home of an agent that session files were ever found in.
CREATE TABLE ingest_home (
    agent TEXT NOT NULL,
    dir   BLOB NOT NULL,
    PRIMARY KEY (agent, dir)
) STRICT, WITHOUT ROWID;
