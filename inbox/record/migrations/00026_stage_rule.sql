ALTER TABLE stages ADD COLUMN touch TEXT NOT NULL DEFAULT ''; -- by rule: what caused it
CREATE INDEX touches_bought ON touches (identity) WHERE kind IN ('purchase', 'return');
CREATE INDEX stages_by_rule ON stages (customer) WHERE by_user = '@rule';
