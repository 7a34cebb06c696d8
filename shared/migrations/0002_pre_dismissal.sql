-- A dead letter may be dismissed with a reason instead of replayed; when and why are kept (operations 8).
ALTER TABLE dead_letter ADD COLUMN dismissed_at timestamptz, ADD COLUMN note text;
