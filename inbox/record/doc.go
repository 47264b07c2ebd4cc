// Package record is the customer record: everything that was ever said and done, in SQL.
//
// One writer, the recorder, brings the log in. Write stores a batch of events in one transaction that
// begins by moving the cursor from the last batch's id to this one's; when the cursor is elsewhere, another
// leader is at work, and ErrMoved says so. A lease may fail; this comparison does not. Every event carries
// its conversation, its agents and its touch whole, so rows are replaced when newer, never computed.
//
// An event that the database refuses for its data is found by bisecting the batch with savepoints and
// stored raw in its place, under its own id, as kind "event.unreadable"; the rest of the batch is stored as
// always. A database that is away (Unavailable) is another matter: nothing is written and nothing skipped.
//
// People and settings are plain rows with a version: an edit of a row that has moved on fails with
// ErrConflict, a row that is not there with ErrNotFound.
//
// Touches belong to identities, identities to a home, and a home counts for the root of the tree that merges have made of customers (tree.go).
// Merging, parting (merge.go, unmerge.go) and moving identities (links.go) move pointers between two batches of the recorder, whose own links
// do the same in the order of events; so any order of them leaves each touch with its owner. FindTwins (twins.go) only suggests.
//
// Lists are read together with the cursor they are true at, in one snapshot, so that a client can apply
// later events on top.
//
// Full text is indexed behind the log by IndexOnce, over words that were folded in Go (fold.go), into lists of documents by their words that
// both databases only keep (search_postings.go): what is found and in which order is decided here, so that both find the same, and whatever
// the words are, a chunk of documents costs a bounded amount of work. Beside the words stand marks for what filters ask for
// (search_index.go), and pairs of neighbours, for phrases. The newest touches wait in a head (search_view.go). SearchFor asks for a Query
// (query.go); names that are misspelled are looked up by what is left of them without a letter (search_names.go).
//
// Reports follow the events too. Measure folds them in order into facts, one row a measured thing, and remembers with its cursor what the next
// event needs; RollUp sums the days whose facts, tags or customers changed, from the facts alone; Report reads the smallest sums that know
// enough, ReportItems the facts behind a number, Today what is new since it was asked last. All of it can be made anew from the events.
//
// SQLite (modernc.org/sqlite) and PostgreSQL (pgx) take the same statements; dialect.go is all that
// differs. Tables are changed by new files in migrations, never by editing one.
package record
