-- Full text by the time when touches happened, with what filters ask for, made anew behind the log, the newest first.
DROP TABLE touch_words;
CREATE TABLE touch_words (
	key   BIGINT PRIMARY KEY, -- in search_docs
	words tsvector NOT NULL   -- each behind a label for the twelve days that it is of
);
CREATE INDEX touch_words_gin ON touch_words USING gin (words);
CREATE TABLE conversation_words (
	n     BIGINT PRIMARY KEY, -- number
	words tsvector NOT NULL
);
CREATE INDEX conversation_words_gin ON conversation_words USING gin (words);

-- The touches that are indexed.
CREATE TABLE search_docs (
	key BIGINT PRIMARY KEY, -- happened_at and what tells touches of one millisecond apart
	n   BIGINT NOT NULL UNIQUE
);
CREATE TABLE search_labels (label BIGINT PRIMARY KEY); -- those that words of touch_words have
-- What of a conversation is indexed, also with each of its touches.
CREATE TABLE search_conversations (
	number BIGINT PRIMARY KEY,
	marks  TEXT NOT NULL, -- words for its queue and tags
	rest   TEXT NOT NULL  -- tells whether anything else has changed
);
-- Conversations whose touches have to be indexed again, from the touch behind n on.
CREATE TABLE search_redo (
	conversation TEXT PRIMARY KEY,
	n            BIGINT NOT NULL
);
-- What names that are misspelled are looked up by. Personal.
CREATE TABLE search_names (
	key  TEXT NOT NULL,
	word TEXT NOT NULL,
	PRIMARY KEY (key, word)
);

ALTER TABLE search_cursor ADD COLUMN back BIGINT NOT NULL DEFAULT 0;   -- touches below are not indexed yet; 0: none
ALTER TABLE search_cursor ADD COLUMN event BIGINT NOT NULL DEFAULT 0;  -- whose conversation was last looked at
ALTER TABLE search_cursor ADD COLUMN number BIGINT NOT NULL DEFAULT 0; -- conversations below are not indexed yet; 0: none
UPDATE search_cursor SET back = CASE WHEN n > 0 THEN n + 1 ELSE 0 END, event = (SELECT n FROM log_cursor),
	number = (SELECT COALESCE(MAX(number), -1) + 1 FROM conversations);
UPDATE customers SET stale = 1;
UPDATE organisations SET stale = 1;
