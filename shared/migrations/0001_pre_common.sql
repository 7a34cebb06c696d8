-- The tables that every service has, the same in every schema (design 3.1).
CREATE TABLE aggregate (
  id text PRIMARY KEY,
  po text NOT NULL,
  version int NOT NULL,
  doc jsonb NOT NULL,
  heard jsonb NOT NULL DEFAULT '{}',
  fold int NOT NULL DEFAULT 1,
  due_at timestamptz,
  effect_at timestamptz,
  lease_until timestamptz,
  blocked text,
  updated_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX aggregate_po ON aggregate (po);
CREATE INDEX aggregate_due ON aggregate (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX aggregate_effect ON aggregate (effect_at) WHERE effect_at IS NOT NULL;

-- Append only: the run-time role may neither change nor delete a fact.
CREATE TABLE fact (
  aggregate text NOT NULL,
  seq int NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL,
  caused_by text NOT NULL,
  actor text NOT NULL,
  role text NOT NULL,
  trace text,
  data json NOT NULL CHECK (octet_length(data::text) < 900000),
  PRIMARY KEY (aggregate, seq)
);

CREATE TABLE outbox (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  po text NOT NULL,
  aggregate text NOT NULL,
  seq int NOT NULL
);

CREATE TABLE inbox (
  source text NOT NULL,
  id text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (source, id)
);

CREATE TABLE parked (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  aggregate text NOT NULL,
  message jsonb NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX parked_aggregate ON parked (aggregate, position);

CREATE TABLE dead_letter (
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  key bytea,
  raw bytea,
  headers jsonb NOT NULL,
  reason text NOT NULL,
  path text NOT NULL,
  hint text NOT NULL,
  aggregate text,
  at timestamptz NOT NULL,
  replayed_at timestamptz,
  PRIMARY KEY (topic, partition, "offset")
);

CREATE TABLE command_log (
  key text PRIMARY KEY,
  request_hash text NOT NULL,
  status int NOT NULL,
  response jsonb NOT NULL,
  at timestamptz NOT NULL
);
