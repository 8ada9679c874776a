-- In which repository the file of an access lay, so that a report of a week need not look up that of each:
-- 0 where it is known of none, -1 where of several, which are in file_repo.
ALTER TABLE file_access ADD COLUMN repo INTEGER NOT NULL DEFAULT 0;
UPDATE file_access SET repo = r.repo
FROM (
    SELECT file, CASE count(*) WHEN 1 THEN max(repo) ELSE -1 END AS repo FROM file_repo GROUP BY file
) r
WHERE r.file = file_access.file;
DROP INDEX file_access_by_time;
CREATE INDEX file_access_by_time ON file_access (last_at, first_at, repo);

-- What was accessed over more than a day: what is asked of a week would else have to look at all that came
-- after it, for what began before its end.
CREATE INDEX file_access_long ON file_access (last_at, first_at, repo) WHERE last_at - first_at > 86400000;
