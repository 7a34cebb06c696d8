-- The address book: a copy of o2c.contacts.v1, and the only table with a person's data.
CREATE TABLE contact (
  ref text PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL,
  email text,
  phone text,
  street text,
  nit text,
  language text NOT NULL,
  updated_at timestamptz
);
