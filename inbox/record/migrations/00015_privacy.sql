-- Erasure, holds, and files that are to go.

ALTER TABLE customers ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0; -- of one who stands for somebody who was erased: nobody's name, no address

-- Certificates. No personal text: the customer's id is that of old, which only their own address leads to.
CREATE TABLE erasures (
	id          TEXT PRIMARY KEY,
	customer    TEXT NOT NULL, -- who was erased
	stands      TEXT NOT NULL, -- who stands for them in the figures
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL, -- '': a rule
	reason      TEXT NOT NULL,
	counts      TEXT NOT NULL, -- JSON
	scrubbed_at BIGINT NOT NULL DEFAULT 0, -- when events and files were done, too
	threads     TEXT NOT NULL  -- JSON: conversation → thread that its events still name; '' when done
)@NO_ROWID;
CREATE INDEX erasures_at ON erasures (happened_at, id);
CREATE INDEX erasures_left ON erasures (happened_at) WHERE scrubbed_at = 0;

-- Who must be kept for now, whatever rules and people say.
CREATE TABLE holds (
	customer    TEXT PRIMARY KEY,
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL,
	why         TEXT NOT NULL -- personal
)@NO_ROWID;

-- Blobs that erased bodies named: taken away unless another names them, too.
CREATE TABLE doomed_blobs (
	name        TEXT PRIMARY KEY,
	happened_at BIGINT NOT NULL
)@NO_ROWID;
