-- Touches that others log: calls, purchases, visits to a shop, and kinds of one's own.

-- What a touch says in fields (see Data). Amounts stay when a person is erased; nothing in it is text that somebody wrote but for fields.
CREATE TABLE touch_data (
	n    @BIGKEY, -- of the touch
	json TEXT NOT NULL
);

-- Once by its sender's id, whichever way it went.
CREATE UNIQUE INDEX touches_logged ON touches (account, key) WHERE state = 'logged';
