-- Full text, filled behind the log by IndexOnce. The words come folded and split from Go and are cast,
-- not parsed.
CREATE TABLE search_cursor (
	one BIGINT PRIMARY KEY CHECK (one = 1),
	n   BIGINT NOT NULL
);
INSERT INTO search_cursor (one, n) VALUES (1, 0);
CREATE TABLE touch_words (
	n     BIGINT PRIMARY KEY,
	words tsvector NOT NULL
);
CREATE INDEX touch_words_gin ON touch_words USING gin (words);
CREATE TABLE customer_rows (
	n        BIGSERIAL PRIMARY KEY,
	customer TEXT NOT NULL UNIQUE
);
CREATE TABLE customer_words (
	n     BIGINT PRIMARY KEY,
	words tsvector NOT NULL
);
CREATE INDEX customer_words_gin ON customer_words USING gin (words);
