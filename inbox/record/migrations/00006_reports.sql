-- What reports are made of. All of it follows from the events and can be made anew: set report_cursor back to 0 and empty the rest.

-- How far the events have been measured. One row.
CREATE TABLE report_cursor (
	one         BIGINT PRIMARY KEY CHECK (one = 1),
	n           BIGINT NOT NULL, -- of the last event
	happened_at BIGINT NOT NULL, -- its time
	zone        TEXT NOT NULL,   -- of the days in rollups
	life        BIGINT NOT NULL  -- counts how often all was made anew
);
INSERT INTO report_cursor (one, n, happened_at, zone, life) VALUES (1, 0, 0, '', 0);

-- What has to be remembered of conversations ("c/<id>") that are not over and of agents ("a/<id>") to measure their next event.
CREATE TABLE report_states (
	id   TEXT PRIMARY KEY,
	json TEXT NOT NULL
)@NO_ROWID;

-- One row a measured thing.
CREATE TABLE facts (
	n            BIGINT NOT NULL, -- of the event that completed it; of its touch, where it is about one
	kind         TEXT NOT NULL,
	agent        TEXT NOT NULL,
	happened_at  BIGINT NOT NULL,
	conversation TEXT NOT NULL,
	queue        TEXT NOT NULL,
	account      TEXT NOT NULL,
	channel      TEXT NOT NULL,
	reason       TEXT NOT NULL,
	value        BIGINT NOT NULL, -- milliseconds, or a score
	second       BIGINT NOT NULL, -- the same by another clock: see facts.go
	ok           BIGINT NOT NULL,
	PRIMARY KEY (n, kind, agent, happened_at)
)@NO_ROWID;
CREATE INDEX facts_at ON facts (kind, happened_at, n);

-- Sums of facts over days and half hours, of several cuts: see rollup.go.
CREATE TABLE rollups (
	cut         TEXT NOT NULL,
	happened_at BIGINT NOT NULL, -- when the day or half hour begins
	queue       TEXT NOT NULL,
	channel     TEXT NOT NULL,
	agent       TEXT NOT NULL,
	tag         TEXT NOT NULL,
	cells       @BYTES NOT NULL,
	PRIMARY KEY (cut, happened_at, queue, channel, agent, tag)
)@NO_ROWID;
CREATE INDEX rollups_queue ON rollups (cut, queue, happened_at);
CREATE INDEX rollups_agent ON rollups (cut, agent, happened_at) WHERE agent <> '';

-- Days whose sums are out of date.
CREATE TABLE report_dirty (
	day  BIGINT NOT NULL, -- when it begins
	ripe BIGINT NOT NULL, -- 1: for what is known only days later
	due  BIGINT NOT NULL, -- not to be redone before
	mark BIGINT NOT NULL, -- counts up with each marking
	PRIMARY KEY (day, ripe)
)@NO_ROWID;
CREATE INDEX report_dirty_due ON report_dirty (due);
