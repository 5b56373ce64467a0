-- What the guard asks of a caller's database. Names come as a JSON list of pairs [schema or null, name], oids as
-- numbers with commas; lists are given back as JSON, so that every way to a database understands both.
-- What reads lists is written so that PostgreSQL expects few rows: else it compiles the statement (jit), for seconds.
-- Objects of initdb have oids below 16384 (FirstNormalObjectId in src/include/access/transam.h).

-- name: name_find :many
-- What these names mean: of functions those alone that could act, of relations all, and whether one has to be looked
-- at more closely. It is asked for nearly every statement, so it reads little.
WITH called AS (
    SELECT each ->> 0 AS schema, CAST(each ->> 1 AS name) AS name
    FROM pg_catalog.unnest(
        ARRAY(SELECT pair FROM pg_catalog.json_array_elements(CAST(CAST(:functions AS text) AS json)) AS pair)
    ) AS each
),
read AS (
    SELECT each ->> 0 AS schema, CAST(each ->> 1 AS name) AS name
    FROM pg_catalog.unnest(
        ARRAY(SELECT pair FROM pg_catalog.json_array_elements(CAST(CAST(:relations AS text) AS json)) AS pair)
    ) AS each
)
SELECT
    true AS is_function, NULL AS asked_schema, NULL AS asked_name, CAST(p.oid AS bigint) AS oid,
    NULL AS schema, NULL AS name, p.oid < 16384 AS is_shipped, true AS needs_look
FROM called AS w
JOIN pg_catalog.pg_proc AS p ON p.proname = w.name
WHERE (
        p.oid >= 16384 OR p.provolatile = 'v'
        OR p.proname = ANY (CAST(pg_catalog.string_to_array(CAST(:listed AS text), ',') AS name[]))
    )
    AND CASE
        WHEN w.schema IS NULL THEN pg_catalog.pg_function_is_visible(p.oid)
        WHEN w.schema = 'pg_temp' THEN p.pronamespace = pg_catalog.pg_my_temp_schema()
        ELSE w.schema = (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = p.pronamespace)
    END
UNION ALL
SELECT
    false, w.schema, CAST(w.name AS text), CAST(c.oid AS bigint), CAST(n.nspname AS text), CAST(c.relname AS text),
    c.oid < 16384,
    c.relrowsecurity OR c.relkind = 'f' OR (c.relkind = 'v' AND c.oid >= 16384)
        OR (c.relhassubclass AND EXISTS (SELECT 1 FROM pg_catalog.pg_foreign_table))
        OR ((c.relhassubclass OR c.relchecks > 0) AND EXISTS (
            SELECT 1 FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_proc AS p ON p.oid = d.refobjid
            WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND p.provolatile = 'i'
        ))
FROM read AS w
JOIN pg_catalog.pg_class AS c ON c.relname = w.name
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 't')
    AND CASE
        WHEN w.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
        WHEN w.schema = 'pg_temp' THEN n.oid = pg_catalog.pg_my_temp_schema()
        ELSE n.nspname = w.schema
    END;

-- name: function_find :many
-- The functions of these oids, as far as they could act: those that PostgreSQL ships and does not call volatile come
-- only when they are listed. A body is given where it has to be read; NULL there means too long. Functions that show
-- settings (current_setting, pg_show_all_settings) are known by their oids, which are the same on every server.
-- What PostgreSQL makes with a type, as the constructors of ranges, counts as an extension's; its types are looked at.
-- The search_path has the schema of the role that it runs as in the place of "$user".
WITH described AS (
    SELECT p.*, n.nspname, l.lanname, l.lanpltrusted,
        EXISTS (
            SELECT 1 FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                AND d.deptype IN ('e', 'i')
        ) AS is_of_extension,
        CASE WHEN p.prosecdef THEN pg_catalog.pg_get_userbyid(p.proowner) ELSE CURRENT_USER END AS runs_as
    FROM pg_catalog.unnest(CAST(pg_catalog.string_to_array(CAST(:oids AS text), ',') AS oid[])) AS each
    JOIN pg_catalog.pg_proc AS p ON p.oid = each
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    WHERE p.oid >= 16384 OR p.provolatile = 'v'
        OR p.proname = ANY (pg_catalog.string_to_array(CAST(:listed AS text), ','))
)
SELECT
    CAST(d.oid AS bigint) AS oid,
    CAST(d.nspname AS text) AS schema,
    CAST(d.proname AS text) AS name,
    CAST(d.pronargs - d.pronargdefaults AS integer) AS fewest,
    CAST(CASE WHEN d.provariadic = 0 THEN d.pronargs ELSE 1000 END AS integer) AS most,
    d.provolatile = 'v' AS is_volatile,
    CAST(d.lanname AS text) AS language,
    d.lanpltrusted AS is_trusted,
    d.prosecdef AS is_definer,
    d.oid < 16384 AS is_shipped,
    d.is_of_extension,
    EXISTS (
        SELECT 1 FROM pg_catalog.pg_type AS t WHERE t.oid = d.proargtypes[0] AND t.typtype IN ('c', 'p', 'd')
    ) AS takes_rows,
    EXISTS (
        SELECT 1 FROM pg_catalog.pg_type AS t WHERE t.oid = d.proargtypes[0] AND t.typtype = 'p'
    ) AS takes_any_rows,
    CASE
        WHEN d.oid < 16384 OR d.is_of_extension OR d.prokind = 'a' THEN ''
        WHEN pg_catalog.length(d.prosrc) > 100000 THEN NULL
        WHEN d.lanname = 'plpgsql' OR CAST(d.prosqlbody AS text) ~ '[:]funcid (2077|3294|2084) '
            THEN pg_catalog.pg_get_functiondef(d.oid)
        ELSE d.prosrc
    END AS body,
    COALESCE(
        (
            SELECT pg_catalog.replace(pg_catalog.substr(each, 13), '"$user"', pg_catalog.quote_ident(d.runs_as))
            FROM pg_catalog.unnest(d.proconfig) AS each
            WHERE each LIKE 'search\_path=%'
        ),
        CASE WHEN d.prosecdef THEN pg_catalog.quote_ident(d.runs_as) END
    ) AS search_path,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(match[2] AS bigint))
        FROM pg_catalog.regexp_matches(
            pg_catalog.concat(d.proargdefaults, d.prosqlbody), '[:](funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g'
        ) AS match
        WHERE d.oid >= 16384 AND NOT d.is_of_extension
    ) AS text) AS calls,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(match[1] AS bigint))
        FROM pg_catalog.regexp_matches(CAST(d.prosqlbody AS text), '[:]relid (\d+)', 'g') AS match
        WHERE d.oid >= 16384 AND NOT d.is_of_extension
    ) AS text) AS reads,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(part AS bigint))
        FROM pg_catalog.pg_aggregate AS a,
            pg_catalog.unnest(ARRAY[
                a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn,
                a.aggminvtransfn, a.aggmfinalfn
            ]) AS part
        WHERE a.aggfnoid = d.oid AND d.oid >= 16384 AND NOT d.is_of_extension AND part <> 0
    ) AS text) AS parts,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(each AS bigint))
        FROM pg_catalog.unnest(COALESCE(d.proallargtypes, CAST(d.proargtypes AS oid[])) || d.prorettype) AS each
        WHERE each >= 16384
    ) AS text) AS types
FROM described AS d;

-- name: relation_find :many
-- The relations of these oids, and through the views among them whatever these read: one row for each of it, the
-- relation itself first. Functions are those that reading calls: in views and, where they hold, in row policies.
-- Of the parts of a table those alone are followed that may be foreign. What extensions bring is trusted.
-- Planning runs functions that are called IMMUTABLE and are given constants alone, also where they stand in checks of
-- a table or its parts, and, where it `writes`, in defaults and rules.
-- The trees of views and policies name them by oid, also where the text of a view shows no call, as with casts.
WITH RECURSIVE views AS NOT MATERIALIZED (
    SELECT c.oid, CAST(w.ev_action AS text) AS tree
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid AND w.ev_type = '1'
    WHERE c.relkind = 'v' AND c.oid >= 16384
        AND NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
),
reached AS (
    SELECT DISTINCT each AS root, each AS oid
    FROM pg_catalog.unnest(CAST(pg_catalog.string_to_array(CAST(:oids AS text), ',') AS oid[])) AS each
    UNION
    SELECT r.root, step.oid
    FROM reached AS r
    CROSS JOIN LATERAL (
        SELECT CAST(match[1] AS oid) AS oid
        FROM views AS v
        CROSS JOIN LATERAL pg_catalog.regexp_matches(v.tree, '[:]relid (\d+)', 'g') AS match
        WHERE v.oid = r.oid
        UNION ALL
        SELECT CAST(match[1] AS oid)
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid AND p.polcmd IN ('r', '*')
        CROSS JOIN LATERAL pg_catalog.regexp_matches(CAST(p.polqual AS text), '[:]relid (\d+)', 'g') AS match
        WHERE c.oid = r.oid AND c.relrowsecurity AND (r.root <> r.oid OR pg_catalog.row_security_active(c.oid))
        UNION ALL
        SELECT i.inhrelid
        FROM pg_catalog.pg_inherits AS i
        JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND (c.relkind = 'f' OR c.relhassubclass)
        WHERE i.inhparent = r.oid
    ) AS step
),
known AS (
    SELECT root, oid FROM reached LIMIT :limit
),
trees AS (
    SELECT r.root, r.oid, v.tree
    FROM known AS r
    JOIN views AS v ON v.oid = r.oid
    UNION ALL
    SELECT r.root, r.oid, CAST(p.polqual AS text)
    FROM known AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relrowsecurity
    JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid AND p.polcmd IN ('r', '*')
    WHERE pg_catalog.row_security_active(c.oid)
        OR (r.root <> r.oid AND (c.relforcerowsecurity OR c.relowner <> (
            SELECT o.relowner FROM pg_catalog.pg_class AS o WHERE o.oid = r.root
        )))
),
parts AS (
    SELECT root, oid, oid AS part FROM known
    UNION
    SELECT p.root, p.oid, i.inhrelid FROM parts AS p JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.part
),
planned AS (
    SELECT p.root, p.oid, CAST(k.conbin AS text) AS tree
    FROM parts AS p
    JOIN pg_catalog.pg_constraint AS k ON k.conrelid = p.part AND k.contype = 'c'
    UNION ALL
    SELECT r.root, r.oid, CAST(d.adbin AS text)
    FROM known AS r
    JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid AND :writes
    UNION ALL
    SELECT r.root, r.oid, CAST(w.ev_action AS text)
    FROM known AS r
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid AND w.ev_type <> '1' AND :writes
),
called AS (
    SELECT t.root, t.oid, CAST(match[2] AS oid) AS function
    FROM trees AS t
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
        t.tree, '[:](funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g'
    ) AS match
    UNION
    SELECT t.root, t.oid, p.oid
    FROM planned AS t
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
        t.tree, '[{]FUNCEXPR [:]funcid (\d+) [^{}]*[:]args (<>|\(([{]CONST [^{}]*[}] ?)+\))', 'g'
    ) AS match
    JOIN pg_catalog.pg_proc AS p ON p.oid = CAST(match[1] AS oid) AND p.provolatile = 'i' AND p.oid >= 16384
)
SELECT
    CAST(r.root AS bigint) AS root,
    CAST(r.oid AS bigint) AS oid,
    CAST(n.nspname AS text) AS schema,
    CAST(c.relname AS text) AS name,
    c.oid < 16384 AS is_shipped,
    (
        SELECT CAST(h.proname AS text)
        FROM pg_catalog.pg_foreign_table AS t
        JOIN pg_catalog.pg_foreign_server AS s ON s.oid = t.ftserver
        JOIN pg_catalog.pg_foreign_data_wrapper AS f ON f.oid = s.srvfdw
        JOIN pg_catalog.pg_proc AS h ON h.oid = f.fdwhandler
        WHERE t.ftrelid = c.oid
    ) AS wrapper,
    CAST((
        SELECT pg_catalog.json_agg(CAST(f.function AS bigint)) FROM called AS f WHERE f.root = r.root AND f.oid = r.oid
    ) AS text) AS calls,
    (
        SELECT pg_catalog.pg_get_viewdef(v.oid) FROM views AS v
        WHERE v.oid = r.oid AND v.tree ~ '[:]funcid (2077|3294|2084) '
    ) AS settings_text,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(match[1] AS bigint))
        FROM trees AS t
        CROSS JOIN LATERAL pg_catalog.regexp_matches(t.tree, '[:]resulttype (\d+)', 'g') AS match
        WHERE t.root = r.root AND t.oid = r.oid AND CAST(match[1] AS bigint) >= 16384
    ) AS text) AS casts_to,
    CAST((
        SELECT pg_catalog.json_agg(CAST(a.attname AS text))
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.json_array_elements_text(CAST(CAST(:columns AS text) AS json)) AS asked
            ON asked = a.attname
        WHERE a.attrelid = c.oid AND NOT a.attisdropped AND r.root = r.oid
    ) AS text) AS columns,
    CAST((
        SELECT pg_catalog.json_agg(DISTINCT CAST(a.atttypid AS bigint))
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
    ) AS text) AS types,
    CAST(c.reltype AS bigint) AS row_type,
    EXISTS (SELECT 1 FROM pg_catalog.pg_cast AS k WHERE k.castsource = c.reltype) AS has_casts
FROM known AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY r.root, r.oid <> r.root;

-- name: route_all :many
-- Functions that are called without being named: by operators, casts, checks of domains and support of indexes that
-- somebody made here. What extensions bring is trusted, as they are installed by an administrator.
-- `types` are those made here that have to be in play; `stands_alone` is false where PostgreSQL ships an operator of
-- the same name too, which is then the one meant unless these types are there. `named_type` has to be named, not only
-- to be in play: a cast that is not implicit.
WITH RECURSIVE extended AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'
),
domains AS (
    SELECT t.oid AS checked, t.oid FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd' AND t.oid >= 16384
    UNION
    SELECT d.checked, t.oid FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.typbasetype = d.oid
),
routes AS (
    SELECT
        'operator' AS route, CAST(o.oprname AS text) AS name, CAST(n.nspname AS text) AS schema,
        pg_catalog.pg_operator_is_visible(o.oid) AS is_visible,
        NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_operator AS s WHERE s.oprname = o.oprname AND s.oid < 16384
        ) AS stands_alone,
        ARRAY[o.oprleft, o.oprright] AS types, CAST(NULL AS oid) AS named_type,
        ARRAY[CAST(o.oprcode AS oid)] AS calls
    FROM pg_catalog.pg_operator AS o
    JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
    WHERE o.oid >= 16384 AND o.oprcode <> 0
        AND NOT EXISTS (
            SELECT 1 FROM extended AS e
            WHERE e.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND e.objid = o.oid
        )
    UNION ALL
    SELECT
        'cast', pg_catalog.format('%s to %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype),
        '', true, false, ARRAY[c.castsource, c.casttarget],
        CASE WHEN c.castcontext <> 'i' AND c.casttarget >= 16384 THEN c.casttarget END, ARRAY[c.castfunc]
    FROM pg_catalog.pg_cast AS c
    WHERE c.oid >= 16384 AND c.castfunc <> 0
        AND NOT EXISTS (
            SELECT 1 FROM extended AS e
            WHERE e.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND e.objid = c.oid
        )
    UNION ALL
    SELECT
        'domain', CAST(t.typname AS text), CAST(n.nspname AS text), true, false, ARRAY[t.oid], NULL,
        ARRAY(
            SELECT CAST(match[2] AS oid)
            FROM pg_catalog.regexp_matches(
                CAST(k.conbin AS text), '[:](funcid|opfuncid) (\d+)', 'g'
            ) AS match
        )
    FROM domains AS d
    JOIN pg_catalog.pg_constraint AS k ON k.contypid = d.checked
    JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE k.conbin IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM extended AS e
            WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND e.objid = d.checked
        )
    UNION ALL
    SELECT
        'comparison', pg_catalog.format_type(s.amproclefttype, NULL), '', true, false,
        ARRAY[s.amproclefttype], NULL, ARRAY[CAST(s.amproc AS oid)]
    FROM pg_catalog.pg_amproc AS s
    WHERE s.oid >= 16384
        AND NOT EXISTS (
            SELECT 1 FROM extended AS e
            WHERE e.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass AND e.objid = s.amprocfamily
        )
)
SELECT
    r.route, r.name, r.schema, r.is_visible, r.stands_alone, CAST(r.named_type AS bigint) AS named_type,
    CAST((
        SELECT pg_catalog.json_agg(CAST(each AS bigint)) FROM pg_catalog.unnest(r.types) AS each WHERE each >= 16384
    ) AS text) AS types,
    CAST((SELECT pg_catalog.json_agg(CAST(each AS bigint)) FROM pg_catalog.unnest(r.calls) AS each) AS text) AS calls
FROM routes AS r;

-- name: type_find :many
-- The types made here that these names mean, that operators of these names give, those that the given oids are, and
-- all that these are made of, with their arrays. `is_element`: an array or a range of them is among these.
WITH RECURSIVE wanted AS (
    SELECT each ->> 0 AS schema, each ->> 1 AS name
    FROM pg_catalog.json_array_elements(CAST(CAST(:names AS text) AS json)) AS each
),
found AS (
    SELECT t.oid, false AS is_element
    FROM wanted AS w
    JOIN pg_catalog.pg_type AS t ON t.typname = CAST(w.name AS name)
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE t.oid >= 16384 AND ((w.schema IS NULL AND pg_catalog.pg_type_is_visible(t.oid)) OR n.nspname = w.schema)
    UNION
    SELECT o.oprresult, false
    FROM pg_catalog.json_array_elements_text(CAST(CAST(:operators AS text) AS json)) AS used
    JOIN pg_catalog.pg_operator AS o ON o.oprname = CAST(used AS name)
    WHERE o.oid >= 16384 AND o.oprresult >= 16384
    UNION
    SELECT each, false
    FROM pg_catalog.unnest(CAST(pg_catalog.string_to_array(CAST(:oids AS text), ',') AS oid[])) AS each
    UNION
    SELECT inner_type.oid, f.is_element OR inner_type.is_element
    FROM found AS f
    JOIN pg_catalog.pg_type AS t ON t.oid = f.oid
    CROSS JOIN LATERAL (
        SELECT t.typelem, true
        UNION ALL
        SELECT t.typbasetype, false
        UNION ALL
        SELECT g.rngsubtype, true FROM pg_catalog.pg_range AS g WHERE t.oid IN (g.rngtypid, g.rngmultitypid)
        UNION ALL
        SELECT a.atttypid, false
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS inner_type (oid, is_element)
    WHERE inner_type.oid >= 16384
)
SELECT CAST(f.oid AS bigint) AS oid, f.is_element FROM found AS f
UNION
SELECT CAST(t.typarray AS bigint), false
FROM found AS f
JOIN pg_catalog.pg_type AS t ON t.oid = f.oid AND t.typarray <> 0;

-- name: setting_secret :many
-- The settings among these that hold something which this role could see.
SELECT CAST(s.name AS text) AS name
FROM pg_catalog.pg_settings AS s
WHERE s.name = ANY (pg_catalog.string_to_array(CAST(:names AS text), ',')) AND s.setting NOT IN ('', '(disabled)');

-- name: setting_kept :many
-- The settings that databases and roles keep, by name.
SELECT DISTINCT pg_catalog.split_part(each, '=', 1) AS name
FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS each;

-- name: option_kept :many
-- The options of foreign things, by name.
SELECT DISTINCT pg_catalog.split_part(each, '=', 1) AS name
FROM (
    SELECT fdwoptions FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL
    SELECT srvoptions FROM pg_catalog.pg_foreign_server
    UNION ALL
    SELECT ftoptions FROM pg_catalog.pg_foreign_table
    UNION ALL
    SELECT a.attfdwoptions
    FROM pg_catalog.pg_foreign_table AS t
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.ftrelid
) AS kept (options), pg_catalog.unnest(options) AS each;

-- name: sample_secret :value
-- Whether samples of values that are secrets were taken, by ANALYZE, which this role could see.
SELECT EXISTS (
    SELECT 1 FROM pg_catalog.pg_stats AS s
    WHERE s.schemaname = 'pg_catalog'
        AND (s.tablename, s.attname) IN (
            ('pg_authid', 'rolpassword'), ('pg_user_mapping', 'umoptions'), ('pg_subscription', 'subconninfo'),
            ('pg_largeobject', 'data')
        )
        AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL OR s.most_common_elems IS NOT NULL)
) AS is_there;

-- name: path_current :value
-- The schemas in which names are looked up now, as a JSON list.
SELECT CAST(pg_catalog.to_json(pg_catalog.current_schemas(true)) AS text) AS schemas;
