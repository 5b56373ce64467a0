-- What a database's owner may have made: harmless things that have to stay readable, and traps in every place from
-- which a read could call them. A trap that goes off in a read-only transaction says so: SPRUNG.

CREATE FUNCTION springs(int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_read_only') = 'on' THEN RAISE EXCEPTION 'SPRUNG'; END IF;
    RETURN $1;
END $$;
CREATE FUNCTION springs_text(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1) = 1; END $$;
CREATE FUNCTION springs_two(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs($2); END $$;
CREATE FUNCTION springs_rows(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN NEXT bench.springs(n); END $$;

CREATE FUNCTION sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss(int) RETURNS int LANGUAGE sql AS 'SELECT bench.springs(1)';

-- Harmless, and called by reads.
CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 * 2;
CREATE FUNCTION orders_above(numeric) RETURNS bigint LANGUAGE sql STABLE AS
    'SELECT count(*) FROM bench.orders WHERE total > $1';
CREATE FUNCTION orders_of(bigint) RETURNS SETOF bench.orders LANGUAGE sql STABLE AS
    'SELECT * FROM bench.orders WHERE customer_id = $1 ORDER BY id';
CREATE FUNCTION factorial_of(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE result numeric := 1;
BEGIN
    FOR i IN 2..n LOOP result := result * i; END LOOP;
    RETURN result;
EXCEPTION WHEN numeric_value_out_of_range THEN RETURN 'NaN';
END $$;
CREATE FUNCTION described(o bench.orders) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE r record;
BEGIN
    SELECT c.name INTO r FROM bench.customers AS c WHERE c.id = o.customer_id;
    RETURN format('%s: %s', r.name, o.total);
END $$;
CREATE FUNCTION moved(x point, by float8) RETURNS point LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE p point := x;
BEGIN
    p := point(p[0] + by, p[1]);
    RETURN p;
END $$;
CREATE FUNCTION adds(int, int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 + $2;
CREATE AGGREGATE product(float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1');
CREATE OPERATOR +! (LEFTARG = int, RIGHTARG = int, PROCEDURE = adds);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE FUNCTION made_pair(n int) RETURNS pair LANGUAGE plpgsql STABLE AS $$
DECLARE
    made bench.pair;
    o bench.orders%ROWTYPE;
BEGIN
    SELECT * INTO o FROM bench.orders WHERE id = n;
    o.total := o.total + 1;
    made.a := n;
    made.b := o.total;
    RETURN made;
END $$;
CREATE TABLE things (
    id int PRIMARY KEY, kind mood, p pair, tags text[], during tstzrange, steps int4multirange, amount positive,
    notes jsonb, words tsvector, twice int GENERATED ALWAYS AS (id * 2) STORED
);
INSERT INTO things (id, kind, p, tags, during, steps, amount, notes, words) VALUES
    (1, 'ok', '(1,one)', '{a,b}', '[2026-01-01Z,2026-02-01Z)', '{[1,3),[5,8)}', 5,
     '{"size": {"w": 1.50}, "list": [1, 2, 3]}', to_tsvector('english', 'the quick brown foxes')),
    (2, 'happy', '(2,two)', '{b,NULL,"c d"}', NULL, '{}', 7, '{"big": 12345678901234567890}',
     to_tsvector('english', 'lazy dogs sleep'));
CREATE TABLE "Odd ""table"" 😀" ("user" int, "left" text, "position" int, "random" int, version text, pg_sleep int,
    "select" int, "naïve ünï" text, "$1" int);
INSERT INTO "Odd ""table"" 😀" VALUES (1, 'l', 2, 3, 'v', 4, 5, 'n', 6);
CREATE TABLE parts (id int NOT NULL, at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parts SELECT n, date '2025-12-30' + n, n FROM generate_series(1, 4) AS n;
CREATE TABLE animals (id int, name text);
CREATE TABLE dogs (bark text) INHERITS (animals);
INSERT INTO dogs VALUES (1, 'rex', 'wau');
CREATE TABLE tenants (id int, tenant text);
INSERT INTO tenants VALUES (1, 'a'), (2, 'b');
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (tenant = coalesce(current_setting('app.tenant', true), 'a'));
CREATE TABLE members (id int);
INSERT INTO members VALUES (1);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE POLICY known ON members USING (id IN (SELECT t.id FROM bench.things AS t));
CREATE VIEW big_orders AS SELECT id, customer_id, total FROM orders WHERE total > 140;
CREATE VIEW biggest AS SELECT c.name, b.total FROM big_orders AS b JOIN customers AS c ON c.id = b.customer_id;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY 1;
CREATE SEQUENCE numbers;
COMMENT ON TABLE things IS 'Things of every type.';

-- Traps: functions that do not look it.
CREATE FUNCTION hides_sql() RETURNS int LANGUAGE sql STABLE AS 'SELECT bench.springs(1)';
CREATE FUNCTION hides_parsed() RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT bench.springs(1); END;
CREATE FUNCTION hides_immutably(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN bench.springs($1); END $$;
CREATE FUNCTION hides_inlined(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bench.springs($1)';
CREATE FUNCTION hides_in_default(n int DEFAULT bench.springs(1)) RETURNS int LANGUAGE sql STABLE AS 'SELECT n';
CREATE FUNCTION hides_in_record() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE r record := ROW(bench.springs(1)); BEGIN RETURN 1; END $$;
CREATE FUNCTION hides_in_record_behind_a_comment() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE r record /* ; */ DEFAULT ROW(bench.springs(1)); BEGIN RETURN 1; END $$;
CREATE FUNCTION hides_in_cursor() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE c CURSOR (n int) FOR SELECT n; BEGIN FOR r IN c(bench.springs(1)) LOOP RETURN r.n; END LOOP; END $$;
CREATE FUNCTION hides_in_exception() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN 1 / 0; EXCEPTION WHEN division_by_zero THEN RETURN bench.springs(1); END $$;
CREATE FUNCTION hides_in_case() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN CASE 1 WHEN bench.springs(1) THEN RETURN 1; ELSE RETURN 2; END CASE; END $$;
CREATE FUNCTION hides_in_message() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RAISE NOTICE '%', bench.springs(1); RETURN 1; END $$;
CREATE FUNCTION hides_in_subscript() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE a int[]; BEGIN a[bench.springs(1)] := 1; RETURN 1; END $$;
CREATE FUNCTION hides_in_steps() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN FOR i IN 1..2 BY bench.springs(1) LOOP NULL; END LOOP; RETURN 1; END $$;
CREATE FUNCTION runs_text(q text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE n int; BEGIN EXECUTE q INTO n; RETURN n; END $$;
CREATE FUNCTION runs_text_rows(q text) RETURNS SETOF int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN QUERY EXECUTE q; END $$;
CREATE FUNCTION runs_text_cursor(q text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE c refcursor; n int; BEGIN OPEN c FOR EXECUTE q; FETCH c INTO n; RETURN n; END $$;
CREATE FUNCTION calls_procedure() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN CALL bench.proc(); RETURN 1; END $$;
CREATE PROCEDURE proc() LANGUAGE plpgsql AS $$ BEGIN PERFORM bench.springs(1); END $$;
CREATE FUNCTION copies_out() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN COPY (SELECT 1) TO PROGRAM 'true'; RETURN 1; END $$;
CREATE FUNCTION labelled(bench.orders) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE FUNCTION any_row(anyelement) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;

-- Traps: names that shadow, in other schemas and by other arguments.
CREATE SCHEMA other;
CREATE FUNCTION other.helper() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE FUNCTION helper() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION abs(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE FUNCTION lower(bench.pair) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE FUNCTION bench.json_exists(text, text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE FUNCTION helped_elsewhere() RETURNS int LANGUAGE plpgsql STABLE SET search_path = other, bench AS
    $$ BEGIN RETURN helper(); END $$;
CREATE FUNCTION helped_by_own_schema() RETURNS int LANGUAGE plpgsql STABLE SET search_path = "$user", bench AS
    $$ BEGIN RETURN helper(); END $$;

-- Traps: operators, casts, aggregates, domains, and what is made of them.
CREATE OPERATOR +@ (LEFTARG = int, RIGHTARG = int, PROCEDURE = springs_two);
CREATE OPERATOR @#@ (RIGHTARG = float8, PROCEDURE = pg_sleep);
CREATE AGGREGATE sum_springing(int) (SFUNC = springs_two, STYPE = int, INITCOND = '0');
CREATE AGGREGATE last_springing(int) (SFUNC = adds, STYPE = int, INITCOND = '0', FINALFUNC = springs);
CREATE TABLE coins (id int);
INSERT INTO coins VALUES (1);
CREATE FUNCTION coin_plus(bench.coins, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE OPERATOR + (LEFTARG = coins, RIGHTARG = int, PROCEDURE = coin_plus);
CREATE FUNCTION coins_plus(bench.coins[], int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE OPERATOR + (LEFTARG = coins[], RIGHTARG = int, PROCEDURE = coins_plus);
CREATE FUNCTION coin_cents(bench.coins) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE CAST (coins AS int) WITH FUNCTION coin_cents(bench.coins) AS IMPLICIT;
CREATE TABLE tolls (id int);
INSERT INTO tolls VALUES (3);
CREATE FUNCTION toll_seconds(bench.tolls) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 3::float8';
CREATE CAST (tolls AS float8) WITH FUNCTION toll_seconds(bench.tolls) AS IMPLICIT;
CREATE TYPE token AS (n int);
CREATE FUNCTION token_of(int, int) RETURNS token LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1)::bench.token';
CREATE OPERATOR ~> (LEFTARG = int, RIGHTARG = int, PROCEDURE = token_of);
CREATE FUNCTION token_plus(token, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN bench.springs(1); END $$;
CREATE OPERATOR + (LEFTARG = token, RIGHTARG = int, PROCEDURE = token_plus);
CREATE DOMAIN email AS text CHECK (bench.springs_text(VALUE));
CREATE DOMAIN work_email AS email;
CREATE TYPE contact AS (mail email);
CREATE TYPE mail_range AS RANGE (subtype = email);
CREATE TABLE people (id int, mail email, c contact);
INSERT INTO people (id) VALUES (1);
CREATE TABLE lists (id int, mails email[]);
INSERT INTO lists (id) VALUES (1);
CREATE FUNCTION takes_mail(email) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION takes_mail_by_default(m email DEFAULT 'x') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION takes_contact(contact) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION gives_mail() RETURNS email LANGUAGE sql IMMUTABLE AS $$ SELECT 'x'::text $$;
CREATE FUNCTION gives_mail_row() RETURNS TABLE (id int, mail email) LANGUAGE sql STABLE AS $$ SELECT 1, 'x'::text $$;
CREATE FUNCTION gives_mail_program() RETURNS email LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'x'; END $$;
CREATE FUNCTION keeps_mail() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE m bench.people.mail%TYPE; BEGIN m := 'x'; RETURN 1; END $$;
CREATE FUNCTION keeps_contact() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE c bench.contact; BEGIN c.mail := 'x'; RETURN 1; END $$;
CREATE FUNCTION hides_in_field() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE c bench.coins; BEGIN c.id := bench.springs(1); RETURN 1; END $$;
CREATE FUNCTION second_of(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $2';

-- Traps: views, policies, checks.
CREATE VIEW springing AS SELECT bench.springs(1) AS n;
CREATE VIEW springing_inside AS SELECT n FROM bench.springing;
CREATE VIEW springing_filter AS SELECT id FROM bench.things WHERE bench.springs(id) = 1;
CREATE VIEW springing_cast AS SELECT kind::text::bench.email AS mail FROM bench.things;
CREATE VIEW springing_value AS SELECT bench.gives_mail() AS mail;
CREATE VIEW springing_operator AS SELECT id +@ 1 AS n FROM bench.things;
CREATE VIEW springing_sum AS SELECT bench.sum_springing(id) AS n FROM bench.things;
CREATE VIEW waiting AS SELECT 1 AS n FROM pg_sleep(3);
CREATE VIEW waiting_window AS SELECT id, bench.sum_springing(id) OVER () AS n FROM bench.things;
CREATE TABLE guarded (id int);
INSERT INTO guarded VALUES (1);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
CREATE POLICY springing ON guarded USING (bench.springs(id) = 1);
CREATE TABLE guarded_inside (id int);
INSERT INTO guarded_inside VALUES (1);
ALTER TABLE guarded_inside ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded_inside FORCE ROW LEVEL SECURITY;
CREATE POLICY springing ON guarded_inside USING (id IN (SELECT n FROM bench.springing));
CREATE VIEW guarded_seen AS SELECT id FROM bench.guarded_inside;
CREATE TABLE checked (id int CHECK (id > 0 AND bench.hides_immutably(1) = 1));
INSERT INTO checked VALUES (1);
CREATE TABLE checked_parts (id int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE checked_part PARTITION OF checked_parts (CHECK (id > 0 AND bench.hides_immutably(1) = 1)) FOR VALUES IN (1);
CREATE TABLE defaults (id int, n int DEFAULT bench.hides_immutably(1));
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO SELECT bench.hides_immutably(1);
CREATE TABLE triggered (id int);
CREATE FUNCTION springs_trigger() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM bench.springs(1); RETURN NEW; END $$;
CREATE TRIGGER springs BEFORE INSERT OR UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION springs_trigger();
CREATE TABLE indexed (id int, n int);
INSERT INTO indexed SELECT n, n FROM generate_series(1, 100) AS n;
CREATE INDEX ON indexed (hides_immutably(n));
CREATE STATISTICS counted ON (hides_immutably(n)), id FROM indexed;
CREATE TABLE sleepers (id int);
INSERT INTO sleepers SELECT generate_series(1, 1000);
ANALYZE;
