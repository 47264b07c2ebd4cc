-- Customers who were merged into others, how identities came to their customers, and who may be one person.

-- A merge sets merged_into of a root and root of its whole tree, and nothing else of these rows: undone, each is as it was.
ALTER TABLE customers ADD COLUMN merged_into TEXT NOT NULL DEFAULT ''; -- '': into nobody, a root
ALTER TABLE customers ADD COLUMN root TEXT NOT NULL DEFAULT '';        -- of its tree; '': it is one itself
ALTER TABLE customers ADD COLUMN seek BIGINT NOT NULL DEFAULT 1;       -- counts changes since others like it were looked for; 0: none
CREATE INDEX customers_root ON customers (root) WHERE root <> '';
CREATE INDEX customers_seek ON customers (id) WHERE seek > 0;

-- The customer that the evidence says it is of. customer is the root of home's tree.
ALTER TABLE identities ADD COLUMN home TEXT NOT NULL DEFAULT '';
UPDATE identities SET home = customer;
CREATE INDEX identities_home ON identities (home);

CREATE TABLE merges (
	id            TEXT PRIMARY KEY,
	from_customer TEXT NOT NULL, -- both were roots then
	into_customer TEXT NOT NULL,
	n             BIGINT NOT NULL, -- the last event before it
	happened_at   BIGINT NOT NULL,
	by_user       TEXT NOT NULL,
	reason        TEXT NOT NULL,
	was           TEXT NOT NULL, -- JSON: customer → its identities, of both trees
	undone_at     BIGINT NOT NULL DEFAULT 0,
	undone_by     TEXT NOT NULL DEFAULT ''
)@NO_ROWID;
CREATE INDEX merges_from ON merges (from_customer);
CREATE INDEX merges_into ON merges (into_customer);

-- Every change of an identity's home.
CREATE TABLE links (
	identity    TEXT NOT NULL,
	step        BIGINT NOT NULL, -- of the identity, from 1
	id          TEXT NOT NULL,   -- of the change; one by hand may be of several identities
	from_home   TEXT NOT NULL,   -- '': it was new, or nobody knows any more
	to_home     TEXT NOT NULL,
	happened_at BIGINT NOT NULL, -- 0: nobody knows any more
	by_user     TEXT NOT NULL,   -- '': the hub, on evidence
	kind        TEXT NOT NULL,
	evidence    TEXT NOT NULL,   -- for people
	verified    BIGINT NOT NULL,
	PRIMARY KEY (identity, step)
)@NO_ROWID;
CREATE INDEX links_id ON links (id);
CREATE INDEX links_from ON links (from_home);
CREATE INDEX links_to ON links (to_home);
INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified)
	SELECT id, 1, 'l' || id, '', customer, 0, '', 'proof', evidence, 1 FROM identities WHERE evidence <> '';

-- Weak evidence: what proved who identity is also named other, which somebody else has.
CREATE TABLE hints (
	identity TEXT NOT NULL,
	other    TEXT NOT NULL,
	PRIMARY KEY (identity, other)
)@NO_ROWID;
CREATE INDEX hints_other ON hints (other);

-- What customers are compared by. Holds personal text.
CREATE TABLE likenesses (
	word     TEXT NOT NULL, -- "phone:…", "email:…", "name:…", "sound:…"
	customer TEXT NOT NULL,
	PRIMARY KEY (word, customer)
)@NO_ROWID;
CREATE INDEX likenesses_customer ON likenesses (customer);

-- Two who may be one person; a < b.
CREATE TABLE suggestions (
	id         TEXT PRIMARY KEY, -- follows from a and b
	a          TEXT NOT NULL,
	b          TEXT NOT NULL,
	score      BIGINT NOT NULL, -- percent
	reasons    TEXT NOT NULL,   -- JSON; holds personal text
	state      TEXT NOT NULL,   -- open, merged, dismissed
	created_at BIGINT NOT NULL,
	decided_at BIGINT NOT NULL,
	decided_by TEXT NOT NULL
)@NO_ROWID;
CREATE INDEX suggestions_a ON suggestions (a);
CREATE INDEX suggestions_b ON suggestions (b);
CREATE INDEX suggestions_open ON suggestions (score, id) WHERE state = 'open';
