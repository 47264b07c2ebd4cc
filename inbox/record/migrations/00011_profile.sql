-- What people say of customers and organisations. Each row keeps the customer that it was written for, so that merges and their undoing
-- change none: a customer's page reads the rows of all in its tree.

-- One value of a customer, an organisation or a conversation: "owner", "place", …, or "a/" and the id of an attribute. Personal.
CREATE TABLE fields (
	subject TEXT NOT NULL,
	field   TEXT NOT NULL,
	value   TEXT NOT NULL, -- JSON; null: said to have none, whatever those who were merged into it have
	PRIMARY KEY (subject, field)
)@NO_ROWID;
CREATE INDEX fields_choice ON fields (field, value) WHERE field IN ('owner', 'stage');

-- What they were before, and who changed them. Personal.
CREATE TABLE field_history (
	id          TEXT PRIMARY KEY,
	subject     TEXT NOT NULL,
	field       TEXT NOT NULL, -- also "name", "tier", "tags"
	was         TEXT NOT NULL, -- JSON, as it showed
	value       TEXT NOT NULL,
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL
)@NO_ROWID;
CREATE INDEX field_history_subject ON field_history (subject, happened_at);

-- Of customers and organisations.
CREATE TABLE tags (
	subject TEXT NOT NULL,
	tag     TEXT NOT NULL,
	PRIMARY KEY (subject, tag)
)@NO_ROWID;
CREATE INDEX tags_tag ON tags (tag, subject);

ALTER TABLE customers ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0; -- when somebody last changed the profile or said that it holds

CREATE TABLE stages (
	id          TEXT PRIMARY KEY,
	customer    TEXT NOT NULL,
	stage       TEXT NOT NULL,
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL,
	why         TEXT NOT NULL -- personal
)@NO_ROWID;
CREATE INDEX stages_customer ON stages (customer, happened_at);

CREATE TABLE consents (
	id          TEXT PRIMARY KEY,
	customer    TEXT NOT NULL,
	channel     TEXT NOT NULL,
	purpose     TEXT NOT NULL,
	state       TEXT NOT NULL, -- given, refused
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL,
	evidence    TEXT NOT NULL -- personal
)@NO_ROWID;
CREATE INDEX consents_customer ON consents (customer, happened_at);

-- Firms, families, teams. Attributes, place and owner stand in fields.
CREATE TABLE organisations (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	folded     TEXT NOT NULL, -- name as it is searched for
	created_at BIGINT NOT NULL,
	version    BIGINT NOT NULL DEFAULT 1,
	stale      BIGINT NOT NULL DEFAULT 1 -- 1: to be indexed for search
)@NO_ROWID;
CREATE INDEX organisations_name ON organisations (folded, id);
CREATE INDEX organisations_stale ON organisations (id) WHERE stale = 1;

CREATE TABLE members (
	organisation TEXT NOT NULL,
	customer     TEXT NOT NULL,
	role         TEXT NOT NULL, -- personal
	since        BIGINT NOT NULL, -- 0: nobody knows
	until        BIGINT NOT NULL, -- 0: still
	PRIMARY KEY (organisation, customer)
)@NO_ROWID;
CREATE INDEX members_customer ON members (customer);

CREATE TABLE relations (
	id            TEXT PRIMARY KEY,
	from_customer TEXT NOT NULL, -- is … of
	to_customer   TEXT NOT NULL,
	kind          TEXT NOT NULL,
	text          TEXT NOT NULL, -- personal
	happened_at   BIGINT NOT NULL,
	by_user       TEXT NOT NULL
)@NO_ROWID;
CREATE INDEX relations_from ON relations (from_customer);
CREATE INDEX relations_to ON relations (to_customer);

-- Touches that are shown to everybody first. They are their identity's, as the touches are.
CREATE TABLE pins (
	touch       TEXT PRIMARY KEY,
	identity    TEXT NOT NULL,
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL
)@NO_ROWID;
CREATE INDEX pins_identity ON pins (identity);

-- Who has opened whose record: once in some minutes each. Of one that others were merged into, a row each.
CREATE TABLE seen (
	customer    TEXT NOT NULL,
	happened_at BIGINT NOT NULL,
	user_id     TEXT NOT NULL,
	PRIMARY KEY (customer, happened_at, user_id)
)@NO_ROWID;

CREATE INDEX audit_subject ON audit (subject, happened_at);
