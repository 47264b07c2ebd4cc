-- Who opened an address that was made for a customer and is good for one account: the first one is linked, the others may be the same person.
CREATE TABLE link_uses (
	name        TEXT NOT NULL,   -- of the address
	identity    TEXT NOT NULL,   -- '': it was erased
	customer    TEXT NOT NULL,   -- whom the address was made for
	change      TEXT NOT NULL,   -- the link's id, of the first one
	first       BIGINT NOT NULL,
	happened_at BIGINT NOT NULL,
	PRIMARY KEY (name, identity)
)@NO_ROWID;
CREATE INDEX link_uses_identity ON link_uses (identity);
CREATE INDEX link_uses_customer ON link_uses (customer);
CREATE INDEX link_uses_change ON link_uses (change);
