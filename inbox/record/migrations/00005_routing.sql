-- How queues route, what agents are good at, who changed what, and by which policies was decided.

ALTER TABLE queues ADD COLUMN routing TEXT NOT NULL DEFAULT '{}';   -- JSON
ALTER TABLE users ADD COLUMN skills TEXT NOT NULL DEFAULT '{}';     -- JSON: skill → level
ALTER TABLE customers ADD COLUMN tier TEXT NOT NULL DEFAULT '';

-- What people changed that is no conversation: settings, agents' states, closed queues. Steering of conversations stands in the events.
CREATE TABLE audit (
	id          TEXT PRIMARY KEY,
	happened_at BIGINT NOT NULL,
	by_user     TEXT NOT NULL,
	action      TEXT NOT NULL, -- "queue.edit", "agent.state", …
	subject     TEXT NOT NULL, -- id of what was changed
	before_json TEXT NOT NULL, -- JSON, without secrets; '' when it is new
	after_json  TEXT NOT NULL  -- '' when it is gone
)@NO_ROWID;
CREATE INDEX audit_at ON audit (happened_at, id);

-- Policies that decisions were made by, named by the hash of their text.
CREATE TABLE policies (
	hash       TEXT PRIMARY KEY,
	created_at BIGINT NOT NULL,
	json       TEXT NOT NULL
)@NO_ROWID;

-- Who is asked to look at a conversation: consulted, a second opinion, a flag, a supervisor who takes part. "\nuser\nuser\n"; * is any supervisor.
ALTER TABLE conversations ADD COLUMN asked TEXT NOT NULL DEFAULT '';
CREATE INDEX conversations_asked ON conversations (last_message_at) WHERE asked <> '';

-- Who steered what somebody had: the user of an event that says how things were before. With the audit table it is the audit.
ALTER TABLE events ADD COLUMN steered TEXT NOT NULL DEFAULT '';
CREATE INDEX events_steered ON events (happened_at, n) WHERE steered <> '';
