-- name: schema_facts :many
-- What makes a schema what it is, one fact a row: the kind of the object, the relation it belongs to, its name, and how
-- it is defined. Facts of one kind and name in two databases are equal when the objects are. Printed with nothing in the
-- search path but PostgreSQL's own schema, so that every name in them has its schema. `others` is text of JSON: the
-- tables that a view reads or a foreign key refers to, which the rules may hide.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, CAST(n.nspname AS text) AS name
    FROM pg_catalog.pg_namespace AS n
    WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND CASE
            WHEN CAST(:schema_name AS text) IS NOT NULL THEN n.nspname = CAST(:schema_name AS text)
            ELSE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
        END
), extension_object AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = CAST('pg_catalog.pg_extension' AS regclass) AND d.deptype = 'e'
), relation AS MATERIALIZED (
    SELECT c.oid, n.name AS schema_name, CAST(c.relname AS text) AS name, c.relkind, c.relrowsecurity, c.relispartition
    FROM pg_catalog.pg_class AS c
    JOIN namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND (CAST('pg_catalog.pg_class' AS regclass), c.oid) NOT IN (SELECT classid, objid FROM extension_object)
        AND (
            pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
        )
)
SELECT fact.kind, fact.schema_name, fact.relation, fact.name, fact.definition, fact.others
FROM (
    SELECT
        CASE r.relkind
            WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table'
        END AS kind,
        r.schema_name, r.name AS relation, CAST('' AS text) AS name,
        CASE
            WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid)
            WHEN r.relkind = 'p' THEN 'PARTITION BY ' || pg_catalog.pg_get_partkeydef(r.oid)
            WHEN r.relispartition THEN (
                SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class AS c WHERE c.oid = r.oid
            )
            ELSE ''
        END || CASE WHEN r.relrowsecurity THEN ' ROW LEVEL SECURITY' ELSE '' END AS definition,
        (
            SELECT CAST(pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(n.nspname, c.relname)) AS text)
            FROM pg_catalog.pg_rewrite AS w
            JOIN pg_catalog.pg_depend AS d
                ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND d.objid = w.oid
                AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid <> w.ev_class
            JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE w.ev_class = r.oid AND r.relkind IN ('v', 'm')
        ) AS others
    FROM relation AS r
    UNION ALL
    SELECT
        'column', r.schema_name, r.name, CAST(a.attname AS text),
        pg_catalog.format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN ' GENERATED AS IDENTITY' ELSE '' END
            || CASE WHEN a.attgenerated <> '' THEN ' GENERATED AS ' WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' ELSE '' END
            || coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
            || CASE WHEN a.attcollation <> t.typcollation
                THEN ' COLLATE ' || coalesce((
                    SELECT pg_catalog.quote_ident(o.collname) FROM pg_catalog.pg_collation AS o WHERE o.oid = a.attcollation
                ), '')
                ELSE ''
            END,
        NULL
    FROM pg_catalog.pg_attribute AS a
    JOIN relation AS r ON r.oid = a.attrelid
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    -- A partition has what its table has.
    WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT r.relispartition
    UNION ALL
    SELECT
        'constraint', r.schema_name, r.name, CAST(k.conname AS text), pg_catalog.pg_get_constraintdef(k.oid, true),
        CASE WHEN k.contype = 'f' THEN (
            SELECT CAST(pg_catalog.json_build_array(pg_catalog.json_build_array(n.nspname, c.relname)) AS text)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = k.confrelid
        ) END
    FROM pg_catalog.pg_constraint AS k
    JOIN relation AS r ON r.oid = k.conrelid
    -- Of NOT NULL tells the column, and before PostgreSQL 18 only that.
    WHERE k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conparentid = 0
    UNION ALL
    SELECT 'index', r.schema_name, r.name, CAST(c.relname AS text), pg_catalog.pg_get_indexdef(i.indexrelid), NULL
    FROM pg_catalog.pg_index AS i
    JOIN relation AS r ON r.oid = i.indrelid
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND NOT c.relispartition
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    )
    UNION ALL
    SELECT 'trigger', r.schema_name, r.name, CAST(t.tgname AS text), pg_catalog.pg_get_triggerdef(t.oid), NULL
    FROM pg_catalog.pg_trigger AS t
    JOIN relation AS r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT
        'policy', r.schema_name, r.name, CAST(p.polname AS text),
        CAST(p.polcmd AS text) || coalesce(' USING ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
            || coalesce(' WITH CHECK ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), ''),
        NULL
    FROM pg_catalog.pg_policy AS p
    JOIN relation AS r ON r.oid = p.polrelid
    UNION ALL
    SELECT
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.name, '',
        p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
        CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_catalog.pg_get_functiondef(p.oid) END, NULL
    FROM pg_catalog.pg_proc AS p
    JOIN namespace AS n ON n.oid = p.pronamespace
    WHERE (CAST('pg_catalog.pg_proc' AS regclass), p.oid) NOT IN (SELECT classid, objid FROM extension_object)
        AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
    UNION ALL
    SELECT
        CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END, n.name, '', CAST(t.typname AS text),
        CASE t.typtype
            WHEN 'e' THEN (
                SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                FROM pg_catalog.pg_enum AS e
                WHERE e.enumtypid = t.oid
            )
            WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
                || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
                || coalesce(' DEFAULT ' || t.typdefault, '')
                || coalesce(' ' || (
                    SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid, true), ' ' ORDER BY k.conname)
                    FROM pg_catalog.pg_constraint AS k
                    WHERE k.contypid = t.oid AND k.contype = 'c'
                ), '')
            WHEN 'c' THEN (
                SELECT pg_catalog.string_agg(
                    pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', '
                    ORDER BY a.attnum
                )
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            )
            ELSE ''
        END,
        NULL
    FROM pg_catalog.pg_type AS t
    JOIN namespace AS n ON n.oid = t.typnamespace
    WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND t.typrelid IN (
            SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relkind = 'c'
        ))
        AND (CAST('pg_catalog.pg_type' AS regclass), t.oid) NOT IN (SELECT classid, objid FROM extension_object)
    UNION ALL
    SELECT
        'sequence', n.name, CAST(c.relname AS text), '',
        pg_catalog.format_type(s.seqtypid, NULL) || ' INCREMENT ' || s.seqincrement || ' MINVALUE ' || s.seqmin
            || ' MAXVALUE ' || s.seqmax || ' START ' || s.seqstart || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END,
        NULL
    FROM pg_catalog.pg_sequence AS s
    JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
    JOIN namespace AS n ON n.oid = c.relnamespace
    -- Asked in this order: of anything else than a sequence it is an error to ask.
    WHERE CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT') END
        AND (CAST('pg_catalog.pg_class' AS regclass), c.oid) NOT IN (SELECT classid, objid FROM extension_object)
    UNION ALL
    SELECT 'extension', n.name, '', CAST(e.extname AS text), e.extversion, NULL
    FROM pg_catalog.pg_extension AS e
    JOIN namespace AS n ON n.oid = e.extnamespace
) AS fact
LIMIT CAST(:most AS bigint);
