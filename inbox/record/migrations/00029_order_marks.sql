-- Touches whose order's number was taken away by a rule, of one of them at least: what has the same mark was of the same order.
CREATE TABLE order_marks (
	n    @BIGKEY,
	mark TEXT NOT NULL -- made up
);

CREATE INDEX import_changes_customer ON import_changes (customer);
