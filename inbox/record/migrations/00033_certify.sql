-- An erasure whose traces nobody knew of any more, since another was certified while it was made, is seen to again.
INSERT INTO unwiped (since) SELECT MAX(happened_at) FROM erasures WHERE scrubbed_at = 0 AND NOT EXISTS (SELECT 1 FROM unwiped) HAVING COUNT(*) > 0;
