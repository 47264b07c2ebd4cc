-- Lists of customers, the newest first, and of those whose profiles want something.
CREATE INDEX customers_created ON customers (created_at, id);
CREATE INDEX identities_unreachable ON identities (customer) WHERE unreachable <> '';
