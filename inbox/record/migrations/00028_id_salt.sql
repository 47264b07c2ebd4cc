-- What ids of identities and of first customers are made with, beside the address: of this record alone, and told to nobody. Empty in a record
-- that has given such ids already: it goes on as it began.
CREATE TABLE id_salt (
	salt TEXT PRIMARY KEY
)@NO_ROWID;
INSERT INTO id_salt (salt) SELECT CASE WHEN EXISTS (SELECT 1 FROM identities) OR EXISTS (SELECT 1 FROM customers) OR EXISTS (SELECT 1 FROM erasures)
	THEN '' ELSE @RANDOM END;
