-- Full text as lists of documents by their words, of the same kind in both databases, made anew behind the log, the newest first.
DROP TABLE touch_words;
DROP TABLE conversation_words;
DROP TABLE customer_words;
DROP TABLE search_labels;
DROP TABLE search_docs;
DROP TABLE search_redo;

-- Which documents of a chunk (32,768 by their numbers; see search_postings.go) have a word.
CREATE TABLE search_postings (
	chunk BIGINT NOT NULL,
	term  TEXT COLLATE "C" NOT NULL,
	docs  BYTEA NOT NULL,
	PRIMARY KEY (chunk, term)
) WITH (fillfactor = 70);
ALTER TABLE search_postings ALTER COLUMN docs SET STORAGE PLAIN; -- at most 4096 bytes
-- Which chunks have a term: a bit each.
CREATE TABLE search_terms (
	space  BIGINT NOT NULL,
	term   TEXT COLLATE "C" NOT NULL,
	chunks BYTEA NOT NULL,
	PRIMARY KEY (space, term)
);
-- The touches that are indexed, and their numbers.
CREATE TABLE search_docs (
	n    BIGINT PRIMARY KEY,
	slot BIGINT NOT NULL
);
-- What touches are behind 2048 numbers, and when they happened.
CREATE TABLE search_blocks (
	block    BIGINT PRIMARY KEY,
	seq      BIGINT NOT NULL, -- when it last changed
	first_at BIGINT NOT NULL,
	last_at  BIGINT NOT NULL,
	docs     BYTEA NOT NULL
);
ALTER TABLE search_blocks ALTER COLUMN docs SET STORAGE EXTERNAL;
CREATE INDEX search_blocks_seq ON search_blocks (seq);
-- The touches indexed last, which are not in search_postings yet. Personal.
CREATE TABLE search_head (
	slot        BIGINT PRIMARY KEY,
	seq         BIGINT NOT NULL, -- when it last changed
	n           BIGINT NOT NULL,
	happened_at BIGINT NOT NULL,
	flags       BIGINT NOT NULL,
	words       TEXT NOT NULL
);
CREATE INDEX search_head_seq ON search_head (seq);
-- Conversations whose marks have changed, and what their touches from the one behind n on are indexed with.
CREATE TABLE search_redo (
	conversation TEXT PRIMARY KEY,
	n            BIGINT NOT NULL,
	marks        TEXT NOT NULL
);
-- Chunks of which documents are gone whose words are not known any more, and the term that is looked at next.
CREATE TABLE search_sweep (
	chunk BIGINT PRIMARY KEY,
	term  TEXT COLLATE "C" NOT NULL
);

DELETE FROM search_conversations;
ALTER TABLE search_conversations ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- as indexed. Personal
ALTER TABLE customer_rows ADD COLUMN words TEXT NOT NULL DEFAULT '';        -- as indexed. Personal
ALTER TABLE search_cursor ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;         -- how often touches have been indexed
ALTER TABLE search_cursor ADD COLUMN upcoming BIGINT NOT NULL DEFAULT 0;    -- the slot of the next touch
ALTER TABLE search_cursor ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;     -- the first slot that is not in search_postings yet
UPDATE search_cursor SET back = CASE WHEN n > 0 THEN n + 1 ELSE 0 END, event = (SELECT n FROM log_cursor),
	number = (SELECT COALESCE(MAX(number), -1) + 1 FROM conversations);
UPDATE customers SET stale = 1;
UPDATE organisations SET stale = 1;
