-- Files, quotations, edits, ratings, visits; consent and links of identities; what accounts, queues and users gain.

ALTER TABLE bodies ADD COLUMN more TEXT NOT NULL DEFAULT ''; -- JSON: files, envelope, forward, html_blob; '' when there is none of them

ALTER TABLE touches ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE touches ADD COLUMN of_touch TEXT NOT NULL DEFAULT '';
ALTER TABLE touches ADD COLUMN score BIGINT NOT NULL DEFAULT 0;
ALTER TABLE touches ADD COLUMN spam TEXT NOT NULL DEFAULT '';
CREATE INDEX touches_line ON touches (account, identity, n) WHERE state IN ('queued', 'sending'); -- who is first in line
CREATE INDEX touches_of ON touches (of_touch) WHERE of_touch <> '';

-- Further provider ids of a touch, when it was sent as several messages.
CREATE TABLE touch_parts (
	account     TEXT NOT NULL,
	provider_id TEXT NOT NULL,
	touch       TEXT NOT NULL,
	PRIMARY KEY (account, provider_id, touch)
)@NO_ROWID;

ALTER TABLE identities ADD COLUMN consent TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN consent_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identities ADD COLUMN unreachable TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN unreachable_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identities ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identities ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
CREATE INDEX identities_blocked ON identities (id) WHERE blocked = 1;

-- 1: the thread is of all accounts of its channel.
ALTER TABLE conversations ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;
CREATE INDEX conversations_shared ON conversations (channel, thread) WHERE shared = 1;

CREATE INDEX answers_queue ON answers (queue, answered_at);

ALTER TABLE users ADD COLUMN signature TEXT NOT NULL DEFAULT '';
ALTER TABLE queues ADD COLUMN signature TEXT NOT NULL DEFAULT '';

ALTER TABLE accounts ADD COLUMN import_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN silent_minutes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN max_file_mb BIGINT NOT NULL DEFAULT 0;
