-- The tree over the records, and what was signed of it. Neither is made from the records' bodies:
-- both survive pruning, and are not rebuilt.

-- The greatest whole subtrees over all leaves: what is needed to go on.
CREATE TABLE tree (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    size  INTEGER NOT NULL,
    nodes BLOB    NOT NULL                          -- 32 bytes each, from left to right
) STRICT;

-- Of checkpoints of the same size the first and the newest are kept.
CREATE TABLE checkpoint (
    size  INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    note  TEXT    NOT NULL,                         -- a signed note, C2SP tlog-checkpoint
    PRIMARY KEY (size, at_ms)
) STRICT, WITHOUT ROWID;
