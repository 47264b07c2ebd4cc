-- Imports of customers and touches from files.

CREATE TABLE imports (
	id         TEXT PRIMARY KEY,
	version    BIGINT NOT NULL,
	name       TEXT NOT NULL,   -- of the file
	kind       TEXT NOT NULL,   -- customers, touches
	state      TEXT NOT NULL,
	blob       TEXT NOT NULL,   -- the file; '' when it is gone
	size       BIGINT NOT NULL, -- bytes
	setup      TEXT NOT NULL,   -- JSON: format, columns, mapping, options
	progress   TEXT NOT NULL,   -- JSON: rows, done, what the dry run found
	error      TEXT NOT NULL,
	asked_at   BIGINT NOT NULL, -- for the work of the present state
	created_at BIGINT NOT NULL,
	by_user    TEXT NOT NULL,
	checked_at BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL
)@NO_ROWID;
CREATE INDEX imports_at ON imports (created_at, id);
CREATE INDEX imports_work ON imports (asked_at) WHERE state IN ('checking', 'running', 'undoing');

-- What an import has done, a row a piece of the file. The sums of it are its figures, and the last one's end is where it goes on.
CREATE TABLE import_chunks (
	import    TEXT NOT NULL,
	first     BIGINT NOT NULL, -- rows of the file
	last      BIGINT NOT NULL,
	n_from    BIGINT NOT NULL, -- numbers of the touches
	n_to      BIGINT NOT NULL,
	made      BIGINT NOT NULL,
	updated   BIGINT NOT NULL,
	known     BIGINT NOT NULL,
	customers BIGINT NOT NULL,
	undone    BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (import, first)
)@NO_ROWID;

-- Rows that were not taken. Holds personal text.
CREATE TABLE import_errors (
	import  TEXT NOT NULL,
	row_no  BIGINT NOT NULL, -- in a spreadsheet
	fields  TEXT NOT NULL,   -- JSON list; of JSON lines the line
	reasons TEXT NOT NULL,   -- JSON
	PRIMARY KEY (import, row_no)
)@NO_ROWID;

-- Fields of customers who were there before, as they were and as the import left them: for its undoing.
CREATE TABLE import_changes (
	import      TEXT NOT NULL,
	customer    TEXT NOT NULL,
	field       TEXT NOT NULL,
	before_json TEXT NOT NULL,
	after_json  TEXT NOT NULL,
	PRIMARY KEY (import, customer, field)
)@NO_ROWID;

-- How columns were mapped the last time, by the file's columns.
CREATE TABLE import_mappings (
	signature TEXT PRIMARY KEY,
	json      TEXT NOT NULL,
	used_at   BIGINT NOT NULL
)@NO_ROWID;

-- The import that made them.
ALTER TABLE customers ADD COLUMN imported TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN imported TEXT NOT NULL DEFAULT '';
ALTER TABLE organisations ADD COLUMN imported TEXT NOT NULL DEFAULT '';
CREATE INDEX organisations_imported ON organisations (imported, id) WHERE imported <> '';
CREATE INDEX customers_imported ON customers (imported, id) WHERE imported <> '';
CREATE INDEX identities_imported ON identities (imported, id) WHERE imported <> '';
