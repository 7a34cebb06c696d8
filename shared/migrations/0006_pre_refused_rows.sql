-- A fact that Kafka will not take for its own sake holds back its aggregate, nobody else's; why is kept until it is tried again.
ALTER TABLE outbox ADD COLUMN refused text;
CREATE INDEX outbox_refused ON outbox (aggregate) WHERE refused IS NOT NULL;
