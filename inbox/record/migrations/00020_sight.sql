-- Customers are indexed anew: by their names alone, too, for those who may not see addresses.
UPDATE customers SET stale = 1 WHERE root = '';
-- How somebody came to see a record: by its page ('') or otherwise.
CREATE TABLE seen_how (
	customer    TEXT NOT NULL,
	happened_at BIGINT NOT NULL,
	user_id     TEXT NOT NULL,
	how         TEXT NOT NULL,
	PRIMARY KEY (customer, happened_at, user_id, how)
)@NO_ROWID;
INSERT INTO seen_how (customer, happened_at, user_id, how) SELECT customer, happened_at, user_id, '' FROM seen;
DROP TABLE seen;
ALTER TABLE seen_how RENAME TO seen;
