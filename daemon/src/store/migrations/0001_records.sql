-- The records: what the ledger is. Everything below them can be made again from them.
--
-- Times are milliseconds since 1970-01-01 UTC.

CREATE TABLE record (
    seq   INTEGER PRIMARY KEY,
    kind  TEXT    NOT NULL,
    at_ms INTEGER NOT NULL,
    body  BLOB,                                     -- the record's JSON; NULL once pruned
    leaf  BLOB    NOT NULL CHECK (length(leaf) = 32) -- RFC 6962 leaf hash of the JSON
) STRICT;

CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record BEGIN
    SELECT RAISE(ABORT, 'records are never deleted');
END;

CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
WHEN NEW.body IS NOT NULL
    OR NEW.seq IS NOT OLD.seq OR NEW.kind IS NOT OLD.kind
    OR NEW.at_ms IS NOT OLD.at_ms OR NEW.leaf IS NOT OLD.leaf
BEGIN
    SELECT RAISE(ABORT, 'records are never changed');
END;

-- Without this, INSERT OR REPLACE would delete a record and fire no trigger of DELETE.
CREATE TRIGGER record_follows_the_last BEFORE INSERT ON record
WHEN NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM record)
BEGIN
    SELECT RAISE(ABORT, 'records are numbered without holes');
END;

-- The projections. Keys of launch, dir, repo and clone are given in the order of arrival and mean
-- nothing outside this file. Evidence is a number that grows with its strength.

-- What all clones and working trees of one repository have in common.
CREATE TABLE repo (
    key       INTEGER PRIMARY KEY,
    identity  TEXT NOT NULL UNIQUE,
    first_dir TEXT,                                 -- of the directories that were ever in it, as
    last_dir  TEXT                                  -- `sorted` has them; NULL where there are none
) STRICT;

-- Each of them as it was seen; '' stands for what it has not.
CREATE TABLE clone (
    key      INTEGER PRIMARY KEY,
    root     TEXT    NOT NULL,
    main     TEXT    NOT NULL,
    remote   TEXT    NOT NULL,
    upstream TEXT    NOT NULL,
    repo     INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,
    seen     TEXT    NOT NULL,                      -- what was seen last (JSON)
    UNIQUE (root, main, remote, upstream)
) STRICT;
CREATE INDEX clone_by_repo ON clone (repo);

-- What launches have in common by which touches are summed up; '' where it is unknown.
CREATE TABLE kind (
    key      INTEGER PRIMARY KEY,                   -- 0, which has no row: all of it is unknown
    agent    TEXT NOT NULL,
    mode     TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    UNIQUE (agent, mode, endpoint)
) STRICT;

CREATE TABLE launch (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    facts      TEXT,                                -- all that was said of it, merged (JSON);
    started_at INTEGER,                             -- both NULL while only others' records name it
    ended_at   INTEGER,                             -- NULL while it runs
    agent      TEXT,
    kind       INTEGER NOT NULL DEFAULT 0,
    flags      TEXT,                                -- a JSON array
    cwd        TEXT,
    repo       INTEGER
) STRICT;
CREATE INDEX launch_by_start ON launch (started_at, kind);
CREATE INDEX launch_by_end ON launch (ended_at, started_at);
CREATE INDEX launch_by_agent ON launch (agent, started_at, cwd); -- with cwd, to count by both
CREATE INDEX launch_by_repo ON launch (repo, started_at);
CREATE INDEX launch_by_cwd ON launch (cwd, started_at);

CREATE TABLE launch_record (
    launch INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (launch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE dir (
    key      INTEGER PRIMARY KEY,
    path     TEXT NOT NULL,
    path_b64 TEXT NOT NULL,                         -- '' where path is exact
    repo     TEXT NOT NULL,                         -- the register of its repository (JSON)
    UNIQUE (path, path_b64)
) STRICT;

-- The repositories that a directory was ever in, and when.
CREATE TABLE dir_repo (
    dir      INTEGER NOT NULL,
    repo     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (dir, repo)
) STRICT, WITHOUT ROWID;
CREATE INDEX dir_repo_by_repo ON dir_repo (repo);

-- The ways of touching. Sums have a set of them in a number, of which the bit `key` stands for one.
CREATE TABLE how (
    key  INTEGER PRIMARY KEY,                       -- 1 is kept for helpers
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dir_touch (
    quarter  INTEGER NOT NULL,                      -- quarter-hours since 1970
    dir      INTEGER NOT NULL,
    launch   INTEGER NOT NULL,                      -- 0 where a session file was the witness
    session  TEXT    NOT NULL,                      -- '' where a process was the witness
    how      INTEGER NOT NULL,
    repo     INTEGER NOT NULL,                      -- 0 where there was none, -1 where it is unknown
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (quarter, dir, launch, session, how, repo)
) STRICT, WITHOUT ROWID;
-- With all that is summed up, so that the table itself need not be read.
CREATE INDEX dir_touch_by_dir ON dir_touch (dir, quarter, first_at, last_at, evidence);
CREATE INDEX dir_touch_by_launch ON dir_touch (launch, dir);
-- The few that may have been in any repository of their directory.
CREATE INDEX dir_touch_unknown ON dir_touch (quarter, dir, first_at, last_at, evidence)
    WHERE repo = -1;

-- The touches of a directory, and those of a repository, summed up over days, weeks and all time.
CREATE TABLE dir_sum (
    level    INTEGER NOT NULL,                      -- 0 all time, 1 a week, 2 a day
    span     INTEGER NOT NULL,                      -- weeks or days since 1970-01-01
    dir      INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    hows     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    launches INTEGER NOT NULL,                      -- of a day or week: without those in dir_stay
    evidence INTEGER NOT NULL,
    PRIMARY KEY (level, span, dir, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX dir_sum_by_dir ON dir_sum (dir, level, span);

CREATE TABLE repo_sum (
    level    INTEGER NOT NULL,
    span     INTEGER NOT NULL,
    repo     INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    hows     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    launches INTEGER NOT NULL,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (level, span, repo, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX repo_sum_by_repo ON repo_sum (repo, level, span);

-- Launches that touched the same directory, or repository, on several days, with each of the days:
-- over several days they must not be counted more than once.
CREATE TABLE dir_stay (
    dir    INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    launch INTEGER NOT NULL,
    PRIMARY KEY (dir, day, launch)
) STRICT, WITHOUT ROWID;

CREATE TABLE repo_stay (
    repo   INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    launch INTEGER NOT NULL,
    PRIMARY KEY (repo, day, launch)
) STRICT, WITHOUT ROWID;

-- On which days a launch touched a repository.
CREATE TABLE repo_visit (
    launch INTEGER NOT NULL,
    repo   INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    PRIMARY KEY (launch, repo, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (
    seq       INTEGER PRIMARY KEY,
    source    TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    from_ms   INTEGER NOT NULL,
    until_ms  INTEGER,                              -- NULL: as long as nothing closes it
    closes_ms INTEGER,                              -- when it closes what its source left open
    reason    TEXT    NOT NULL,
    missed    INTEGER,
    unit      TEXT,
    unnamed   INTEGER
) STRICT;
CREATE INDEX coverage_by_begin ON coverage (from_ms);
CREATE INDEX coverage_by_end ON coverage (until_ms);
CREATE INDEX coverage_closing ON coverage (source, closes_ms, seq) WHERE closes_ms IS NOT NULL;

CREATE TABLE daemon_run (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    boot_id TEXT    NOT NULL
) STRICT;
