-- Terms get numbers, so that a list of documents is found by one: with text as a key the tree of lists was deep (see search_postings.go).
ALTER TABLE search_terms ADD COLUMN id BIGINT NOT NULL DEFAULT 0;
UPDATE search_terms SET id = n.id FROM (SELECT space, term, ROW_NUMBER() OVER (ORDER BY space, term) AS id FROM search_terms) n
	WHERE n.space = search_terms.space AND n.term = search_terms.term;
CREATE UNIQUE INDEX search_terms_id ON search_terms (id);
ALTER TABLE search_cursor ADD COLUMN terms BIGINT NOT NULL DEFAULT 0; -- the highest number of a term
UPDATE search_cursor SET terms = (SELECT COALESCE(MAX(id), 0) FROM search_terms);

ALTER TABLE search_postings RENAME TO search_postings_before;
-- Which documents of a chunk have a term: by (space << 20 | chunk) << 32 | term.
CREATE TABLE search_postings (
	id   INTEGER PRIMARY KEY,
	docs BLOB NOT NULL
);
INSERT INTO search_postings (id, docs) SELECT ((t.space << 20 | (p.chunk - (t.space << 40))) << 32) | t.id, p.docs
	FROM search_postings_before p JOIN search_terms t ON t.space = p.chunk >> 40 AND t.term = p.term ORDER BY 1;
DROP TABLE search_postings_before;

ALTER TABLE search_sweep RENAME TO search_sweep_before;
-- Chunks of which documents are gone whose words are not known any more, and the term that was looked at last.
CREATE TABLE search_sweep (
	chunk INTEGER PRIMARY KEY,
	term  BIGINT NOT NULL
);
INSERT INTO search_sweep (chunk, term) SELECT chunk, 0 FROM search_sweep_before;
DROP TABLE search_sweep_before;
