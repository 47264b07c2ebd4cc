-- Imports that are over let go of what they hold of people after a time.

ALTER TABLE imports ADD COLUMN bad BIGINT NOT NULL DEFAULT 0;          -- rows that were not taken and are forgotten
ALTER TABLE imports ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;
