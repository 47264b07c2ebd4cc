-- Reports in under a second at a million conversations.

-- What an agent or a queue did, in order of time: lists, and reports by the hour.
CREATE INDEX facts_agent ON facts (agent, happened_at, n, kind) WHERE agent <> '';
CREATE INDEX facts_queue ON facts (queue, happened_at, n, kind) WHERE queue <> '';

-- Months of rollups (cut "month/…"): whether they agree with their days.
CREATE TABLE report_months (
	month  BIGINT PRIMARY KEY, -- when it begins
	summed BIGINT NOT NULL,    -- 1: it does
	mark   BIGINT NOT NULL     -- counts up with each change of one of its days
)@NO_ROWID;
CREATE INDEX rollups_tag ON rollups (cut, tag, happened_at) WHERE tag <> '';

-- There are more cuts now: all days are summed again.
UPDATE report_cursor SET zone = '';

-- Nothing reads it since facts are measured.
DROP TABLE answers;
