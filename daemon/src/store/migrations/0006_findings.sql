-- What the witnesses disagree about: one row for each thing, however often it was concluded.

CREATE TABLE finding (
    code     TEXT    NOT NULL,
    agent    TEXT    NOT NULL,
    launch   TEXT    NOT NULL,                      -- these are '' where it is about none
    session  TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,                      -- when it was concluded first
    risk     INTEGER NOT NULL,                      -- 0 to 3
    why      TEXT    NOT NULL,
    PRIMARY KEY (code, agent, launch, session, path, since_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_by_time ON finding (at_ms);
