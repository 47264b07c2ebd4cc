-- What a queue or an agent did of one kind, in order of time: no report and no list asks for all kinds at once.
DROP INDEX facts_queue;
DROP INDEX facts_agent;
CREATE INDEX facts_queue ON facts (queue, kind, happened_at, n) WHERE queue <> '';
CREATE INDEX facts_agent ON facts (agent, kind, happened_at, n) WHERE agent <> '';

-- There are sums by the hour of queue, channel and tag together now, and of months by the hour of the week. The facts stay as they are, and so do the
-- sums that are there: each day is read again and what it lacks is added, then each month.
INSERT INTO report_dirty (day, ripe, due, mark) SELECT DISTINCT happened_at, 0, 0, 1 FROM rollups WHERE cut = 'queue'
	ON CONFLICT (day, ripe) DO UPDATE SET due = 0, mark = report_dirty.mark + 1;
UPDATE report_months SET summed = 0, mark = mark + 1;
