-- The configuration of agents: its files, and what changed in them.

CREATE TABLE config_file (
    key   INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    path  TEXT NOT NULL,
    scope TEXT NOT NULL,
    kind  TEXT NOT NULL,
    dir   TEXT NOT NULL,                            -- what it configures; '' where it counts everywhere
    UNIQUE (agent, path, scope, kind, dir)
) STRICT;

-- One row per change. Of a file the order is that of time and then of arrival.
CREATE TABLE config_change (
    seq      INTEGER NOT NULL,
    number   INTEGER NOT NULL,                      -- within its record
    file     INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,                      -- since when it says so, as far as is known
    found    INTEGER NOT NULL,
    repo     INTEGER NOT NULL,                      -- 0 where there is none
    key      TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    before   TEXT,                                  -- JSON
    after    TEXT,                                  -- JSON
    risk     INTEGER NOT NULL,                      -- 0 to 3
    why      TEXT,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX config_change_by_file ON config_change (file, at_ms, seq, number);
CREATE INDEX config_change_by_time ON config_change (at_ms, seq, number);
