-- Whose stages by rule are to be looked at: others have their purchases now, or some were taken back.
ALTER TABLE customers ADD COLUMN restage BIGINT NOT NULL DEFAULT 0;
CREATE INDEX customers_restage ON customers (id) WHERE restage = 1;
