-- Who is suggested to be another is compared again: numbers in names tell people and branches apart now.
UPDATE customers SET seek = seek + 1 WHERE id IN (SELECT a FROM suggestions WHERE state = 'open' UNION SELECT b FROM suggestions WHERE state = 'open');
