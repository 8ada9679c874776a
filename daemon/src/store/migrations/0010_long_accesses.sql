-- What was accessed over more than a day: what is asked of a week would else have to look at all that came
-- after it, for what began before its end.
CREATE INDEX file_access_long ON file_access (last_at, first_at) WHERE last_at - first_at > 86400000;
