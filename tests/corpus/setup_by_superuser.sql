-- Secrets to be found nowhere in an answer, and traps that only a superuser can set. {owner} is the plain role.

CREATE FUNCTION bench.waits_internally(float8) RETURNS void LANGUAGE internal STABLE AS 'pg_sleep';
CREATE FUNCTION bench.shows_hashes() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT rolpassword FROM pg_authid';
CREATE FUNCTION bench.shows_hashes_parsed() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    BEGIN ATOMIC SELECT max(rolpassword) FROM pg_authid; END;
CREATE FUNCTION bench.shows_settings() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
    BEGIN ATOMIC SELECT setting FROM pg_show_all_settings(); END;
CREATE FUNCTION bench.shows_conninfo() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    BEGIN ATOMIC SELECT current_setting('primary_conninfo'); END;
CREATE VIEW bench.shown_hashes AS SELECT rolname, rolpassword FROM pg_authid;
CREATE VIEW bench.shown_shadow AS SELECT * FROM pg_shadow;
CREATE VIEW bench.shown_settings AS SELECT name, setting FROM pg_show_all_settings();
CREATE VIEW bench.shown_conninfo AS SELECT current_setting('primary_conninfo') AS conninfo;
CREATE VIEW bench.shown_subscriptions AS SELECT * FROM pg_subscription;
CREATE VIEW bench.shown_mappings AS SELECT umoptions FROM pg_user_mapping;
CREATE SCHEMA {owner} AUTHORIZATION {owner};
CREATE FUNCTION {owner}.helper() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE TYPE bench.weight AS (n int);
CREATE FUNCTION bench.weight_lt(bench.weight, bench.weight) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RETURN bench.springs(1) = 0; END $$;
CREATE FUNCTION bench.weight_cmp(bench.weight, bench.weight) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RETURN bench.springs(1); END $$;
CREATE OPERATOR bench.<# (LEFTARG = bench.weight, RIGHTARG = bench.weight, PROCEDURE = bench.weight_lt);
CREATE OPERATOR bench.=# (LEFTARG = bench.weight, RIGHTARG = bench.weight, PROCEDURE = bench.weight_lt);
CREATE OPERATOR bench.># (LEFTARG = bench.weight, RIGHTARG = bench.weight, PROCEDURE = bench.weight_lt);
CREATE OPERATOR CLASS bench.weights DEFAULT FOR TYPE bench.weight USING btree AS OPERATOR 1 bench.<#,
    OPERATOR 3 bench.=#, OPERATOR 5 bench.>#, FUNCTION 1 bench.weight_cmp (bench.weight, bench.weight);
CREATE TABLE bench.weights AS SELECT ROW(n)::bench.weight AS w FROM generate_series(1, 3) AS n;
GRANT ALL ON ALL TABLES IN SCHEMA bench TO {owner};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bench TO {owner};

CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'inside.example', api_key 'SECRET-of-server');
CREATE USER MAPPING FOR {owner} SERVER elsewhere OPTIONS (password 'SECRET-of-mapping');
CREATE FOREIGN TABLE bench.abroad (id int OPTIONS (token 'SECRET-of-column')) SERVER elsewhere
    OPTIONS (password 'SECRET-of-table');
GRANT USAGE ON FOREIGN SERVER elsewhere TO {owner};
GRANT SELECT ON bench.abroad TO {owner};
ALTER ROLE {owner} SET "app.role_secret" = 'SECRET-of-role';
ALTER DATABASE {database} SET "app.jwt_secret" = 'SECRET-of-database';
SELECT lo_from_bytea(424242, 'SECRET-of-large-object');
GRANT SELECT ON LARGE OBJECT 424242 TO {owner};
ANALYZE pg_authid;
