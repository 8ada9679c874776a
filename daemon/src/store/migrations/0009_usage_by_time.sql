-- The responses that count, by when they were: a report of a week shall not depend on how many years
-- there are. Quarter-hours, since no time zone of today is off by less.

CREATE TABLE usage_quarter (
    quarter   INTEGER NOT NULL,                     -- quarter-hours since 1970
    session   INTEGER NOT NULL,
    model     INTEGER NOT NULL,
    responses INTEGER NOT NULL,
    input     INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (quarter, session, model)
) STRICT, WITHOUT ROWID;

-- What is there already; shifted, since a division rounds towards zero.
INSERT INTO usage_quarter
SELECT (at_ms + 86400000000000) / 900000 - 96000000, session, model, count(*), sum(input),
    sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning)
FROM (
    SELECT u.*, row_number() OVER (
        PARTITION BY u.key
        ORDER BY u.retracted DESC, u.output DESC, u.corrects DESC, u.at_ms DESC, u.input DESC,
            u.cache_read DESC, u.cache_write_5m DESC, u.cache_write_1h DESC, u.reasoning DESC,
            s.id DESC, s.agent DESC, m.name DESC
    ) AS place
    FROM usage u JOIN session s ON s.key = u.session JOIN model m ON m.key = u.model
)
WHERE place = 1 AND retracted = 0
GROUP BY 1, session, model;

-- When a session's file was missed, where it still is: a report of a week shall not read of all.
ALTER TABLE session ADD COLUMN gone_at INTEGER;
UPDATE session SET gone_at = CAST(round(unixepoch(facts ->> '$.gone', 'subsec') * 1000) AS INTEGER)
WHERE facts ->> '$.gone' IS NOT NULL
    AND ifnull(facts ->> '$.present', '') <= facts ->> '$.gone';
CREATE INDEX session_by_gone ON session (gone_at) WHERE gone_at IS NOT NULL;

-- Records that lost their bodies, by when their facts happened: they are missing in what is asked.
CREATE INDEX record_pruned ON record (at_ms) WHERE body IS NULL;
