-- Offsets begin again on a new cluster, or where a topic was made anew: when the broker appended a record tells those apart.
ALTER TABLE dead_letter ADD COLUMN appended_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_pkey, ADD PRIMARY KEY (topic, partition, "offset", appended_ms);
