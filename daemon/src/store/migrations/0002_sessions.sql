-- What session files tell: sessions, the launches that worked on them, files and tokens.
--
-- Keys of session, file and model are given in the order of arrival, as those of the first file.

CREATE TABLE session (
    key      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL,
    agent    TEXT    NOT NULL,                      -- '': what touches say, which name no agent
    facts    TEXT,                                  -- all that was said of it, merged (JSON)
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    is_doing INTEGER NOT NULL,                      -- 0: both are only of what was noted about it
    evidence INTEGER NOT NULL,
    cwd      TEXT,
    repo     INTEGER,
    UNIQUE (id, agent)
) STRICT;
CREATE INDEX session_by_time ON session (last_at);
CREATE INDEX session_by_agent ON session (agent, last_at);
CREATE INDEX session_by_cwd ON session (cwd, last_at);
CREATE INDEX session_by_repo ON session (repo, last_at);

CREATE TABLE session_record (
    session INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

-- Shell calls, of each session file: a subagent has one of its own.
CREATE TABLE session_calls (
    session    INTEGER NOT NULL,
    subagent   TEXT    NOT NULL,                    -- '' for the session itself
    calls      INTEGER NOT NULL,
    unresolved INTEGER NOT NULL,
    PRIMARY KEY (session, subagent)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_launch (
    session  INTEGER NOT NULL,
    launch   INTEGER NOT NULL,
    how      TEXT    NOT NULL,
    evidence INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    PRIMARY KEY (session, launch, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_launch_by_launch ON session_launch (launch, session);

CREATE TABLE model (
    key  INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE                       -- '' where it is unknown
) STRICT;

-- What was said of each response and is not corrected: mostly one row, of which the best counts.
CREATE TABLE usage (
    key       TEXT    NOT NULL,
    record    BLOB    NOT NULL,                     -- the id of the record that says so
    retracted INTEGER NOT NULL,
    corrects  INTEGER NOT NULL,                     -- whether it corrects another record
    at_ms     INTEGER NOT NULL,
    session   INTEGER NOT NULL,
    model     INTEGER NOT NULL,
    input     INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;

-- Records that are corrected by one that came before them.
CREATE TABLE usage_corrected (
    key    TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;

-- The responses that count, summed up.
CREATE TABLE session_model (
    session   INTEGER NOT NULL,
    model     INTEGER NOT NULL,
    responses INTEGER NOT NULL,
    input     INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (session, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
    key  INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    repo TEXT NOT NULL                              -- the register of its repository (JSON)
) STRICT;

-- The repositories that a file was ever in.
CREATE TABLE file_repo (
    file INTEGER NOT NULL,
    repo INTEGER NOT NULL,
    PRIMARY KEY (file, repo)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_repo_by_repo ON file_repo (repo);

CREATE TABLE file_access (
    file     INTEGER NOT NULL,
    session  INTEGER NOT NULL,                      -- 0 where a process was the witness
    launch   INTEGER NOT NULL,                      -- 0 where a session file was the witness
    agent    TEXT    NOT NULL,
    how      TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    tool     TEXT    NOT NULL,                      -- the last one's
    lines_added   INTEGER,                          -- NULL where nothing tells
    lines_removed INTEGER,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (file, session, launch, agent, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_access_by_time ON file_access (last_at, first_at);
CREATE INDEX file_access_by_session ON file_access (session, how, file);
CREATE INDEX file_access_by_launch ON file_access (launch) WHERE launch <> 0;

CREATE INDEX dir_touch_by_session ON dir_touch (session, dir) WHERE session <> '';
CREATE INDEX dir_touch_of_sessions ON dir_touch (dir, session, quarter) WHERE session <> '';
CREATE INDEX repo_touch_of_sessions ON dir_touch (repo, session, quarter) WHERE session <> '';
