"""A database in which much acts without being named: what a guard has to see, next to what it must let through."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connected
from tests.support.many_databases import FreshDatabase, fresh_database

_TRAPS = """
SET search_path = bench, public;
CREATE TABLE lines (id int, price numeric, touch int);
CREATE SEQUENCE numbers;
CREATE FUNCTION acts(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION adds(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + $2; END $$;
CREATE FUNCTION adds_only(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 + $2; END $$;

CREATE FUNCTION counts(int) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE n int;
BEGIN
    SELECT count(*) INTO n FROM bench.orders AS o WHERE o.id > $1;
    n := n + 1;
    FOR i IN 1..2 LOOP n := n + i; END LOOP;
    RETURN n;
END $$;
CREATE FUNCTION counts_in_sql(int) RETURNS bigint LANGUAGE sql STABLE AS
    'SELECT count(*) FROM bench.orders WHERE id = $1';
CREATE FUNCTION counts_down(n int) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN IF n = 0 THEN RETURN 0; END IF; RETURN bench.counts_down(n - 1); END $$;
CREATE FUNCTION label(orders) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.id::text';
CREATE FUNCTION act(orders) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION touch(orders) RETURNS int LANGUAGE sql AS 'SELECT 1';

CREATE FUNCTION waits() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1 FROM pg_sleep(1)';
CREATE FUNCTION waits_parsed() RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT 1 FROM pg_sleep(1); END;
CREATE FUNCTION waits_in_program() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM pg_sleep(1); RETURN 1; END $$;
CREATE FUNCTION waits_by_assignment() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE x text; BEGIN x := pg_sleep(1)::text; RETURN 1; END $$;
CREATE FUNCTION waits_by_default(x text DEFAULT pg_sleep(1)::text) RETURNS int LANGUAGE sql STABLE RETURN 1;
CREATE FUNCTION waits_inside() RETURNS int LANGUAGE sql STABLE AS 'SELECT bench.waits()';
CREATE FUNCTION runs(q text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE n int; BEGIN EXECUTE q INTO n; RETURN n; END $$;
CREATE FUNCTION runs_rows(q text) RETURNS SETOF int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN QUERY EXECUTE q; END $$;
CREATE FUNCTION runs_loop(q text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE r record; BEGIN FOR r IN EXECUTE q LOOP NULL; END LOOP; RETURN 1; END $$;
CREATE FUNCTION runs_cursor(q text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE q; RETURN 1; END $$;
CREATE FUNCTION copies() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN COPY (SELECT 1) TO PROGRAM 'true'; RETURN 1; END $$;
CREATE SCHEMA other;
CREATE FUNCTION other.helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION helper() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION helped() RETURNS int LANGUAGE plpgsql STABLE SET search_path = other, bench AS
    $$ BEGIN RETURN helper(); END $$;
CREATE FUNCTION bench.json_value(text, text) RETURNS text LANGUAGE sql AS 'SELECT 1::text';

CREATE AGGREGATE sum_acting(int) (SFUNC = adds, STYPE = int, INITCOND = '0');
CREATE AGGREGATE sum_only(int) (SFUNC = adds_only, STYPE = int, INITCOND = '0');
CREATE OPERATOR +@ (LEFTARG = int, RIGHTARG = int, PROCEDURE = adds);
CREATE OPERATOR +! (LEFTARG = int, RIGHTARG = int, PROCEDURE = adds_only);
CREATE OPERATOR !!! (RIGHTARG = float8, PROCEDURE = pg_sleep);
CREATE TYPE pair AS (a int, b int);
CREATE TABLE pairs (id int, p pair);
CREATE FUNCTION pair_plus(pair, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR + (LEFTARG = pair, RIGHTARG = int, PROCEDURE = pair_plus);
CREATE TYPE coin AS (cents int);
CREATE TABLE coins (id int, c coin);
CREATE FUNCTION coin_text(coin) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE CAST (coin AS int) WITH FUNCTION coin_text(coin) AS IMPLICIT;

CREATE FUNCTION is_email(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE DOMAIN email AS text CHECK (bench.is_email(VALUE));
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE contact AS (mail email);
CREATE TABLE people (id int, mail email, n positive);

CREATE VIEW shows AS SELECT o.id, bench.counts(1) AS n, now() AS at, random() AS r FROM bench.orders AS o;
CREATE VIEW acting AS SELECT bench.acts(1) AS n;
CREATE VIEW acting_inside AS SELECT n FROM bench.acting;
CREATE VIEW waiting AS SELECT 1 AS n FROM pg_sleep(1);
CREATE VIEW settings AS SELECT name, setting FROM pg_settings;
CREATE MATERIALIZED VIEW acted AS SELECT bench.acts(1) AS n;
CREATE TABLE tenants (id int);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (id::text = current_setting('app.tenant', true));
CREATE TABLE guarded (id int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
CREATE POLICY acting ON guarded USING (bench.acts(id) = 1);
"""
_TRAPS_OF_SUPERUSERS = """
CREATE FUNCTION bench.waits_internally(float8) RETURNS void LANGUAGE internal STABLE AS 'pg_sleep';
CREATE FUNCTION bench.hashes() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT max(rolpassword) FROM pg_authid';
CREATE VIEW bench.logins AS SELECT rolname, rolpassword FROM pg_authid;
GRANT ALL ON ALL TABLES IN SCHEMA bench TO {owner};
"""


@contextmanager
def trapped_database(address: Address) -> Generator[FreshDatabase]:
    """Make a database with the schema `bench` and its traps; it serves many tests, none of which changes it."""
    with asyncio.Runner() as runner:
        context = fresh_database(address)
        made = runner.run(context.__aenter__())
        try:
            runner.run(_set(made))
            yield made
        finally:
            runner.run(context.__aexit__(None, None, None))


async def _set(made: FreshDatabase) -> None:
    async with connected(made.address, made.name) as connection:
        await connection.execute(f"SET ROLE {made.owner}; {_TRAPS}")
        await connection.execute(f"RESET ROLE; {_TRAPS_OF_SUPERUSERS.format(owner=made.owner)}")
