-- outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS aggregate_blocked ON aggregate (id) WHERE blocked IS NOT NULL;
