-- Names are found without the space between their words, telephone numbers by their ends.
UPDATE customers SET stale = 1 WHERE root = '';
UPDATE organisations SET stale = 1;
