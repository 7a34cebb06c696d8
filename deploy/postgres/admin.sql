-- Once per cluster, as a superuser: psql -f deploy/postgres/admin.sql
-- The administrator of `o2c db upgrade` (O2C_POSTGRES__ADMIN_USER=o2c_admin): makes roles and schemas, is no superuser
-- and has no rights on any row. Give it a password in the same pgpass file as the others: \password o2c_admin
CREATE ROLE o2c_admin LOGIN CREATEROLE;
-- Bound values stay out of the server's log also for statements that fail; only a superuser may set that, or let set it.
GRANT SET ON PARAMETER log_parameter_max_length_on_error TO o2c_admin;
CREATE DATABASE o2c OWNER o2c_admin ENCODING 'UTF8' TEMPLATE template0;
-- Whoever has no role of ours does not even get in.
REVOKE ALL ON DATABASE o2c FROM PUBLIC;
GRANT CONNECT ON DATABASE o2c TO PUBLIC;
