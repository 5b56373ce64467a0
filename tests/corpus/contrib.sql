-- Extensions that come with PostgreSQL, and what somebody could have made with them. Run on PostgreSQL 15.

CREATE EXTENSION adminpack;
CREATE EXTENSION amcheck;
CREATE EXTENSION citext;
CREATE EXTENSION dblink;
CREATE EXTENSION file_fdw;
CREATE EXTENSION hstore;
CREATE EXTENSION intarray;
CREATE EXTENSION isn;
CREATE EXTENSION lo;
CREATE EXTENSION ltree;
CREATE EXTENSION pageinspect;
CREATE EXTENSION pg_buffercache;
CREATE EXTENSION pg_freespacemap;
CREATE EXTENSION pg_prewarm;
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION pg_surgery;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION pg_visibility;
CREATE EXTENSION pg_walinspect;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION pgrowlocks;
CREATE EXTENSION pgstattuple;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION sslinfo;
CREATE EXTENSION tablefunc;
CREATE EXTENSION tsm_system_rows;
CREATE EXTENSION unaccent;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION xml2;

CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE bench.file_of_settings (line text) SERVER files
    OPTIONS (filename 'postgresql.auto.conf', format 'text', delimiter E'\x01');
CREATE FOREIGN TABLE bench.file_of_program (line text) SERVER files OPTIONS (program 'echo SECRET-of-program');
CREATE VIEW bench.file_seen AS SELECT line FROM bench.file_of_settings;
CREATE TABLE bench.file_parts (line text) PARTITION BY LIST (line);
CREATE FOREIGN TABLE bench.file_part PARTITION OF bench.file_parts FOR VALUES IN ('x') SERVER files
    OPTIONS (filename 'postgresql.auto.conf', format 'text', delimiter E'\x01');
CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '9', dbname 'x');
CREATE USER MAPPING FOR {owner} SERVER nowhere OPTIONS (user 'x', password 'SECRET-of-server');
CREATE USER MAPPING FOR postgres SERVER nowhere OPTIONS (user 'x', password 'SECRET-of-server');
CREATE FOREIGN TABLE bench.far (id int) SERVER nowhere;
CREATE TABLE bench.labels (id int, path ltree, h hstore, name citext);
INSERT INTO bench.labels VALUES (1, 'top.science', 'a=>1, b=>NULL', 'Abc');
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO {owner};
GRANT pg_read_all_stats TO {owner};
