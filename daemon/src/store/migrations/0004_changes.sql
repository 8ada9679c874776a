-- Files that were seen to change while a shell call ran: what of it is told, and what is not.

ALTER TABLE file_access ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;   -- how often it was seen

CREATE TABLE session_left_out (
    session        INTEGER PRIMARY KEY,
    ignored        INTEGER NOT NULL,
    untold         INTEGER NOT NULL,
    unwatched_dirs INTEGER NOT NULL
) STRICT;
