-- Bytes from outside are kept encrypted; who was shown them in the clear is kept beside them (operations 8).
ALTER TABLE dead_letter ADD COLUMN sealed boolean NOT NULL DEFAULT false, ADD COLUMN seen_by text[] NOT NULL DEFAULT '{}';
