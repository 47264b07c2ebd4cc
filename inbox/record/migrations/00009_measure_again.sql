-- What waits, handling times, first responses, reopenings and ratings are is told otherwise now: everything is measured again from the first event.
UPDATE report_cursor SET n = 0, happened_at = 0, life = life + 1;
DELETE FROM report_states;
DELETE FROM facts;
DELETE FROM rollups;
DELETE FROM report_dirty;
DELETE FROM report_months;
