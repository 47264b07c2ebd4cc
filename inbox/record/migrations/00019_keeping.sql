-- What is known of people who were erased without knowing who they were, and what of them is still to be overwritten.

ALTER TABLE erasures ADD COLUMN members TEXT NOT NULL DEFAULT ''; -- JSON: ids of all customers that were the one who was erased

-- Addresses whose owners said that they must not be written to, and were erased: keyed hashes, which only the installation's key leads to.
CREATE TABLE refusals (
	mark TEXT PRIMARY KEY
)@NO_ROWID;

-- Since when deleted text may stand in the database's files.
CREATE TABLE unwiped (
	since @BIGKEY
);
INSERT INTO unwiped (since) SELECT MAX(happened_at) FROM erasures HAVING COUNT(*) > 0;
