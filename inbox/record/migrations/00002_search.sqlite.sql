-- Full text, filled behind the log by IndexOnce. The words come folded and split from Go, so the
-- tokenizer has only to part them at spaces.
CREATE TABLE search_cursor (
	one BIGINT PRIMARY KEY CHECK (one = 1),
	n   BIGINT NOT NULL
);
INSERT INTO search_cursor (one, n) VALUES (1, 0);
CREATE VIRTUAL TABLE touch_words USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE customer_words USING fts5 (words, content='', contentless_delete=1, detail=none, prefix='1 2 3', tokenize='ascii');
CREATE TABLE customer_rows (
	n        INTEGER PRIMARY KEY, -- rowid in customer_words
	customer TEXT NOT NULL UNIQUE
);
