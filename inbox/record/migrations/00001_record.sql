-- The record. One text for both databases; migrate.go replaces the words in capitals with a leading @.
-- Times are Unix milliseconds, flags 0 or 1. Rows refer to each other by id without foreign keys: the log
-- is in order, so what a row refers to is there, and what was refused as unreadable must not refuse more.

-- The last event that is in the record. One row.
CREATE TABLE log_cursor (
	one   BIGINT PRIMARY KEY CHECK (one = 1),
	n     BIGINT NOT NULL,
	token BIGINT NOT NULL -- 64 bits, read as signed
);
INSERT INTO log_cursor (one, n, token) VALUES (1, 0, 0);

CREATE TABLE events (
	n            @BIGKEY,
	token        BIGINT NOT NULL,
	kind         TEXT NOT NULL,
	happened_at  BIGINT NOT NULL,
	conversation TEXT NOT NULL,
	key          TEXT NOT NULL,   -- the command's
	decided      BIGINT NOT NULL, -- 1: a decision with its reason
	json         TEXT NOT NULL    -- the event without personal text
);
CREATE INDEX events_decided ON events (conversation, n) WHERE decided = 1;

-- What the database refused, as it came. May hold personal text.
CREATE TABLE unreadable_events (
	n      @BIGKEY,
	reason TEXT NOT NULL,
	raw    @BYTES NOT NULL
);

CREATE TABLE customers (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	version    BIGINT NOT NULL DEFAULT 1,
	stale      BIGINT NOT NULL DEFAULT 1 -- 1: to be indexed for search
)@NO_ROWID;
CREATE INDEX customers_stale ON customers (id) WHERE stale = 1;

CREATE TABLE identities (
	id         TEXT PRIMARY KEY,
	customer   TEXT NOT NULL,
	channel    TEXT NOT NULL,
	address    TEXT NOT NULL,
	name       TEXT NOT NULL,
	created_at BIGINT NOT NULL
)@NO_ROWID;
CREATE INDEX identities_customer ON identities (customer);

-- header is the whole conversation as its last event carried it; the other columns are what lists ask for.
CREATE TABLE conversations (
	id              TEXT PRIMARY KEY,
	version         BIGINT NOT NULL,
	number          BIGINT NOT NULL,
	identity        TEXT NOT NULL,
	account         TEXT NOT NULL,
	channel         TEXT NOT NULL,
	thread          TEXT NOT NULL,
	queue           TEXT NOT NULL,
	status          TEXT NOT NULL,
	owner           TEXT NOT NULL,
	holder          TEXT NOT NULL,   -- the agent it is offered to, or who owns it while it is open; else ''
	tags            TEXT NOT NULL,   -- each between line feeds
	unread          BIGINT NOT NULL,
	unanswered      BIGINT NOT NULL,
	waiting         BIGINT NOT NULL, -- since when, while waiting or offered; else 0
	live_until      BIGINT NOT NULL, -- largest number while open, else the end of the reopen window
	last_message_at BIGINT NOT NULL,
	last_message    TEXT NOT NULL,
	subject_n       BIGINT NOT NULL, -- of the last touch with a subject; 0: none
	header          TEXT NOT NULL
);
CREATE INDEX conversations_number ON conversations (number);
CREATE INDEX conversations_thread ON conversations (account, thread);
CREATE INDEX conversations_identity ON conversations (identity);
CREATE INDEX conversations_live ON conversations (live_until);
CREATE INDEX conversations_recent ON conversations (last_message_at, number);
CREATE INDEX conversations_held ON conversations (holder, last_message_at) WHERE holder <> '';
CREATE INDEX conversations_waiting ON conversations (waiting) WHERE waiting > 0;

CREATE TABLE touches (
	n            @BIGKEY,
	id           TEXT NOT NULL UNIQUE,
	kind         TEXT NOT NULL,
	conversation TEXT NOT NULL,
	identity     TEXT NOT NULL,
	account      TEXT NOT NULL,
	channel      TEXT NOT NULL,
	inbound      BIGINT NOT NULL,
	author_kind  TEXT NOT NULL,
	author       TEXT NOT NULL,
	happened_at  BIGINT NOT NULL,
	state        TEXT NOT NULL,
	rev          BIGINT NOT NULL,
	attempt      BIGINT NOT NULL,
	retry_at     BIGINT NOT NULL,
	error        TEXT NOT NULL,
	key          TEXT NOT NULL,
	provider_id  TEXT NOT NULL,
	worker       TEXT NOT NULL,
	auto_reply   BIGINT NOT NULL,
	unreadable   TEXT NOT NULL
);
CREATE INDEX touches_conversation ON touches (conversation, n);
CREATE INDEX touches_timeline ON touches (identity, happened_at, n);
CREATE UNIQUE INDEX touches_once ON touches (account, key) WHERE inbound = 1 AND key <> '';
CREATE INDEX touches_provider ON touches (account, provider_id) WHERE provider_id <> '';
CREATE INDEX touches_unsent ON touches (account, n) WHERE state IN ('queued', 'sending');

-- The personal text of a touch, apart so that it can be erased.
CREATE TABLE bodies (
	n       @BIGKEY, -- of the touch
	subject TEXT NOT NULL,
	text    TEXT NOT NULL,
	html    TEXT NOT NULL,
	raw     @BYTES,
	blob    TEXT NOT NULL
);

CREATE TABLE agents (
	id      TEXT PRIMARY KEY,
	version BIGINT NOT NULL,
	header  TEXT NOT NULL
);

-- First human replies, for service levels.
CREATE TABLE answers (
	n            @BIGKEY, -- of the event
	conversation TEXT NOT NULL,
	queue        TEXT NOT NULL,
	channel      TEXT NOT NULL,
	agent        TEXT NOT NULL,
	answered_at  BIGINT NOT NULL,
	asked_at     BIGINT NOT NULL
);
CREATE INDEX answers_at ON answers (answered_at);

-- Where the poller of an account has got to.
CREATE TABLE account_cursors (
	account  TEXT PRIMARY KEY,
	position TEXT NOT NULL
);

-- Settings. Each row is edited by comparing its version.

CREATE TABLE queues (
	id              TEXT PRIMARY KEY,
	version         BIGINT NOT NULL,
	name            TEXT NOT NULL,
	mode            TEXT NOT NULL,
	offer_seconds   BIGINT NOT NULL,
	target_seconds  BIGINT NOT NULL,
	wrap_up_seconds BIGINT NOT NULL,
	priority        BIGINT NOT NULL,
	archived        BIGINT NOT NULL
);

CREATE TABLE queue_members (
	queue   TEXT NOT NULL,
	user_id TEXT NOT NULL,
	PRIMARY KEY (queue, user_id)
);

CREATE TABLE users (
	id          TEXT PRIMARY KEY,
	version     BIGINT NOT NULL,
	email       TEXT NOT NULL UNIQUE, -- in lower case
	name        TEXT NOT NULL,
	public_name TEXT NOT NULL,
	role        TEXT NOT NULL,
	locale      TEXT NOT NULL,
	capacity    BIGINT NOT NULL,
	disabled    BIGINT NOT NULL,
	password    TEXT NOT NULL, -- argon2id hash
	created_at  BIGINT NOT NULL
);

CREATE TABLE accounts (
	id           TEXT PRIMARY KEY,
	version      BIGINT NOT NULL,
	kind         TEXT NOT NULL,
	name         TEXT NOT NULL,
	queue        TEXT NOT NULL,
	reopen_hours BIGINT NOT NULL,
	units        BIGINT NOT NULL,
	enabled      BIGINT NOT NULL,
	settings     TEXT NOT NULL, -- JSON
	secrets_set  TEXT NOT NULL, -- JSON array of names
	sealed       @BYTES,        -- the secrets, encrypted
	created_at   BIGINT NOT NULL,
	archived     BIGINT NOT NULL
);

CREATE TABLE canned (
	id       TEXT PRIMARY KEY,
	version  BIGINT NOT NULL,
	shortcut TEXT NOT NULL UNIQUE,
	title    TEXT NOT NULL,
	text     TEXT NOT NULL
);

CREATE TABLE settings (
	name    TEXT PRIMARY KEY,
	version BIGINT NOT NULL,
	value   TEXT NOT NULL -- JSON
);

CREATE TABLE sessions (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL UNIQUE, -- of the cookie
	user_id    TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	address    TEXT NOT NULL,
	browser    TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL UNIQUE,
	user_id    TEXT NOT NULL,
	name       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL
);
