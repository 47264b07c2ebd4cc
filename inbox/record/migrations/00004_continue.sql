-- Where a chat goes on when its visitor has left, and what of it the visitor has not seen.

ALTER TABLE accounts ADD COLUMN continue_on TEXT NOT NULL DEFAULT '';       -- account; '' never
ALTER TABLE accounts ADD COLUMN continue_after BIGINT NOT NULL DEFAULT 0;   -- minutes

CREATE INDEX touches_unseen ON touches (account, happened_at) WHERE inbound = 0 AND state IN ('sent', 'delivered');
-- reply_to of what was sent on: up to which message of the chat.
CREATE INDEX touches_continued ON touches (reply_to) WHERE author = 'continue';
