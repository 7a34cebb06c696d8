-- Orders that come in pieces: a row per Salesforce record, part or announcement. Input like the inbox, not state; no contact data.
-- `up` is the parent of a suborder, the order of an item or part; `number` names an order whose id has not come.
CREATE TABLE piece (
  org text NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  up text,
  number text,
  body jsonb NOT NULL,
  PRIMARY KEY (org, kind, id)
);
CREATE INDEX piece_up ON piece (org, up) WHERE up IS NOT NULL;
CREATE INDEX piece_number ON piece (org, number) WHERE number IS NOT NULL;
