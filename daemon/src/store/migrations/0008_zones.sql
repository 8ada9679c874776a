-- Entries into zones: one row for each record of one; the record has the rest.

CREATE TABLE zone_entry (
    seq      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    zone     TEXT    NOT NULL,
    managed  INTEGER NOT NULL,
    severity INTEGER NOT NULL,                      -- 0 to 3
    agent    TEXT    NOT NULL,                      -- '' where it is not known
    launch   TEXT    NOT NULL,                      -- these are '' where it was none
    session  TEXT    NOT NULL,
    how      TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    repo     INTEGER                                -- NULL where there was none
) STRICT;
CREATE INDEX zone_entry_by_toucher ON zone_entry (launch, session, zone, how);
CREATE INDEX zone_entry_by_time ON zone_entry (at_ms);
CREATE INDEX zone_entry_by_id ON zone_entry (id);

CREATE TABLE zone_ack (
    entry TEXT PRIMARY KEY,                         -- the id of the entry's record
    at_ms INTEGER NOT NULL,                         -- of the newest that was said
    note  TEXT    NOT NULL                          -- '' where nothing was
) STRICT, WITHOUT ROWID;

-- How often a zone was touched after it was entered. It commits with the records that tell of that,
-- is not made from them, and is not rebuilt.
CREATE TABLE zone_count (
    entry    INTEGER PRIMARY KEY,                   -- the number of the entry's record
    touches  INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT;
