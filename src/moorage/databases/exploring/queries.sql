-- name: object_search :value
-- One document: the page, how many objects there are in all, and how many in each schema.
-- Lists come as text of JSON, and what comes back is one text, because not every connection carries arrays.
-- Names are lowered as ASCII, which costs a third of the same under the database's own collation; `names` has the other
-- letters in both cases. Types and collations of the branches are equal, or the conditions would be asked above them all
-- instead of in each. What is joined from outside with `coalesce` is so for the planner, which takes the conditions of
-- visibility for so few rows that it would look into an index for each of them.
WITH asked AS MATERIALIZED (
    SELECT
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:kinds AS json))) AS kinds,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:names AS json))) AS names,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:containers AS json))) AS containers,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:allowed_schemas AS json))) AS allowed_schemas,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:denied_schemas AS json))) AS denied_schemas,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:allowed_tables AS json))) AS allowed_tables,
        ARRAY(SELECT pg_catalog.json_array_elements_text(CAST(:denied_tables AS json))) AS denied_tables
), namespace AS MATERIALIZED (
    SELECT
        n.oid, CAST(n.nspname AS text) AS name,
        CASE
            WHEN CAST(:schema_name AS text) IS NOT NULL THEN n.nspname = CAST(:schema_name AS text)
            ELSE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
        END
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND (
            CAST(:allowed_schemas AS text) = '[]'
            OR n.nspname IN ('pg_catalog', 'information_schema')
            OR n.nspname ~ ANY (CAST((SELECT allowed_schemas FROM asked) AS text[]))
        )
        AND NOT n.nspname ~ ANY (CAST((SELECT denied_schemas FROM asked) AS text[])) AS is_open
    FROM pg_catalog.pg_namespace AS n
), relation AS MATERIALIZED (
    SELECT
        c.oid, n.name AS schema, CAST(c.relname AS text) AS name, c.relispartition AS is_partition,
        CASE c.relkind
            WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'f' THEN 'foreign_table'
            WHEN 'S' THEN 'sequence' ELSE 'table'
        END AS kind
    FROM pg_catalog.pg_class AS c
    LEFT JOIN namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND coalesce(n.is_open, false)
        AND (
            CAST(:allowed_tables AS text) = '[]'
            OR n.name IN ('pg_catalog', 'information_schema')
            OR n.name || '.' || c.relname ~ ANY (CAST((SELECT allowed_tables FROM asked) AS text[]))
        )
        AND (
            CAST(:denied_tables AS text) = '[]'
            OR NOT n.name || '.' || c.relname ~ ANY (CAST((SELECT denied_tables FROM asked) AS text[]))
        )
        AND (
            pg_catalog.has_table_privilege(c.oid, 'SELECT')
            OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')
            OR c.relkind <> 'S' AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
        )
), remark AS MATERIALIZED (
    SELECT d.classoid, d.objoid, d.objsubid
    FROM pg_catalog.pg_description AS d
    WHERE CAST(:remark AS text) IS NOT NULL
        AND pg_catalog.lower(d.description COLLATE "C") LIKE CAST(:remark AS text)
), found AS MATERIALIZED (
    SELECT
        object.kind, object.schema, object.container, object.name, object.oid, object.number,
        CASE
            WHEN pg_catalog.lower(object.name COLLATE "C") = CAST(:plain AS text) THEN 0
            WHEN pg_catalog.lower(object.name COLLATE "C") LIKE CAST(:prefix AS text) THEN 1
            WHEN pg_catalog.lower(object.name COLLATE "C") LIKE ANY (CAST((SELECT names FROM asked) AS text[])) THEN 2
            ELSE 3
        END AS rank
    FROM (
        SELECT
            r.kind, r.schema, CAST(NULL AS text) COLLATE "C" AS container, r.name, r.oid, 0 AS number,
            CAST('pg_catalog.pg_class' AS regclass) AS class, r.schema AS inside
        FROM relation AS r
        WHERE r.kind = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            AND (NOT CAST(:is_everything AS boolean) OR NOT r.is_partition)
            -- A column's own sequence is shown with the column.
            AND (NOT CAST(:is_everything AS boolean) OR r.kind <> 'sequence' OR NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_depend AS d
                WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = r.oid AND d.deptype IN ('a', 'i')
            ))
        UNION ALL
        SELECT
            'column', r.schema, r.name, CAST(a.attname AS text), a.attrelid, CAST(a.attnum AS integer),
            CAST('pg_catalog.pg_class' AS regclass), r.schema || '.' || r.name
        FROM pg_catalog.pg_attribute AS a
        LEFT JOIN relation AS r ON r.oid = a.attrelid
        WHERE 'column' = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            AND a.attnum > 0 AND NOT a.attisdropped
            -- Asked below as well; here it is asked before the join.
            AND (
                pg_catalog.lower(a.attname COLLATE "C") LIKE ANY (CAST((SELECT names FROM asked) AS text[]))
                OR (a.attrelid, a.attnum) IN (SELECT objoid, objsubid FROM remark)
            )
            AND coalesce(NOT r.is_partition AND r.kind <> 'sequence', false)
        UNION ALL
        SELECT
            CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.name, CAST(NULL AS text) COLLATE "C",
            CAST(p.proname AS text), p.oid, 0, CAST('pg_catalog.pg_proc' AS regclass), n.name
        FROM pg_catalog.pg_proc AS p
        JOIN namespace AS n ON n.oid = p.pronamespace AND n.is_open
        WHERE CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END
                = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
        UNION ALL
        SELECT
            CASE t.typtype WHEN 'e' THEN 'enum' ELSE 'type' END, n.name, CAST(NULL AS text) COLLATE "C",
            CAST(t.typname AS text), t.oid, 0, CAST('pg_catalog.pg_type' AS regclass), n.name
        FROM pg_catalog.pg_type AS t
        JOIN namespace AS n ON n.oid = t.typnamespace AND n.is_open
        WHERE CASE t.typtype WHEN 'e' THEN 'enum' ELSE 'type' END = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            -- Not the arrays, multiranges and rows that other types and tables bring along.
            AND t.typelem = 0 AND t.typtype <> 'm'
            AND (t.typtype <> 'c' OR t.typrelid IN (SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relkind = 'c'))
            AND pg_catalog.has_type_privilege(t.oid, 'USAGE')
        UNION ALL
        SELECT
            'extension', n.name, CAST(NULL AS text) COLLATE "C", CAST(e.extname AS text), e.oid, 0,
            CAST('pg_catalog.pg_extension' AS regclass), n.name
        FROM pg_catalog.pg_extension AS e
        JOIN namespace AS n ON n.oid = e.extnamespace AND n.is_open
        WHERE 'extension' = ANY (CAST((SELECT kinds FROM asked) AS text[]))
        UNION ALL
        SELECT
            'schema', n.name, CAST(NULL AS text) COLLATE "C", n.name, n.oid, 0,
            CAST('pg_catalog.pg_namespace' AS regclass), CAST('' AS text) COLLATE "C"
        FROM namespace AS n
        WHERE 'schema' = ANY (CAST((SELECT kinds FROM asked) AS text[])) AND n.is_open
        UNION ALL
        SELECT
            'index', r.schema, r.name, CAST(c.relname AS text), c.oid, 0,
            CAST('pg_catalog.pg_class' AS regclass), r.schema || '.' || r.name
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
        JOIN relation AS r ON r.oid = i.indrelid
        WHERE 'index' = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            AND c.relkind IN ('i', 'I') AND NOT c.relispartition
            AND (
                pg_catalog.lower(c.relname COLLATE "C") LIKE ANY (CAST((SELECT names FROM asked) AS text[]))
                OR c.oid IN (SELECT objoid FROM remark)
            )
        UNION ALL
        SELECT
            'trigger', r.schema, r.name, CAST(t.tgname AS text), t.oid, 0,
            CAST('pg_catalog.pg_trigger' AS regclass), r.schema || '.' || r.name
        FROM pg_catalog.pg_trigger AS t
        JOIN relation AS r ON r.oid = t.tgrelid
        WHERE 'trigger' = ANY (CAST((SELECT kinds FROM asked) AS text[]))
            AND NOT t.tgisinternal AND t.tgparentid = 0
        UNION ALL
        SELECT
            'policy', r.schema, r.name, CAST(p.polname AS text), p.oid, 0,
            CAST('pg_catalog.pg_policy' AS regclass), r.schema || '.' || r.name
        FROM pg_catalog.pg_policy AS p
        JOIN relation AS r ON r.oid = p.polrelid
        WHERE 'policy' = ANY (CAST((SELECT kinds FROM asked) AS text[]))
    ) AS object
    WHERE (
            pg_catalog.lower(object.name COLLATE "C") LIKE ANY (CAST((SELECT names FROM asked) AS text[]))
            OR (object.class, object.oid, object.number) IN (SELECT classoid, objoid, objsubid FROM remark)
        )
        AND (
            CAST(:containers AS text) = '[]'
            OR pg_catalog.lower(object.inside COLLATE "C") LIKE ANY (CAST((SELECT containers FROM asked) AS text[]))
        )
        -- What belongs to an extension is found by its name, and does not bury the rest.
        AND (
            NOT CAST(:is_everything AS boolean)
            OR (object.class, object.oid) NOT IN (
                SELECT d.classid, d.objid
                FROM pg_catalog.pg_depend AS d
                WHERE d.refclassid = CAST('pg_catalog.pg_extension' AS regclass) AND d.deptype = 'e'
            )
        )
), page AS (
    SELECT
        kind, schema, container, name, oid, number,
        pg_catalog.row_number() OVER (
            ORDER BY
                rank, schema, pg_catalog.array_position((SELECT kinds FROM asked), kind), container NULLS FIRST, number,
                name, oid
        ) AS place
    FROM found
    ORDER BY place
    LIMIT CAST(:limit AS bigint) OFFSET CAST(:offset AS bigint)
)
SELECT CAST(pg_catalog.json_build_object(
    'total', (SELECT pg_catalog.count(*) FROM found),
    'schemas', (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_object('name', pg_catalog.quote_ident(each.schema), 'count', each.count)
        )
        FROM (
            SELECT schema, pg_catalog.count(*) AS count FROM found GROUP BY schema ORDER BY count DESC, schema LIMIT 30
        ) AS each
    ),
    'objects', (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_object(
                'kind', page.kind,
                'schema_name', pg_catalog.quote_ident(page.schema),
                'container', pg_catalog.quote_ident(page.container),
                'name', pg_catalog.quote_ident(page.name),
                'id', CAST(page.oid AS bigint),
                'number', page.number,
                'detail', CASE page.kind
                    WHEN 'column' THEN (
                        SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
                        FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = page.oid AND a.attnum = page.number
                    )
                    WHEN 'function' THEN pg_catalog.pg_get_function_identity_arguments(page.oid)
                    WHEN 'procedure' THEN pg_catalog.pg_get_function_identity_arguments(page.oid)
                    WHEN 'extension' THEN (SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.oid = page.oid)
                END
            )
            ORDER BY page.place
        )
        FROM page
    )
) AS text);

-- name: relation_describe :value
-- One document of the relations asked for by their ids; those that are not there any more are missing.
-- Sizes, and whatever has an expression in it, wait for whoever changes the table, so those of tables that somebody
-- holds locked are left out. What the server's own functions print is correct for every version; nothing of it is put together here.
WITH RECURSIVE locked AS MATERIALIZED (
    SELECT l.relation AS id
    FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
), asked AS MATERIALIZED (
    SELECT
        CAST(given.id AS oid) AS id, given.place, CAST(:is_full AS boolean) AS is_full,
        CAST(given.id AS oid) IN (SELECT id FROM locked) AS is_locked
    FROM pg_catalog.json_array_elements_text(CAST(:ids AS json)) WITH ORDINALITY AS given (id, place)
), part AS (
    SELECT asked.id AS root, asked.id, c.relkind, c.reltuples
    FROM asked
    JOIN pg_catalog.pg_class AS c ON c.oid = asked.id
    UNION ALL
    SELECT part.root, c.oid, c.relkind, c.reltuples
    FROM part
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = part.id
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE part.relkind = 'p'
), measure AS (
    SELECT
        part.root,
        CASE WHEN pg_catalog.min(part.reltuples) >= 0 THEN CAST(pg_catalog.sum(part.reltuples) AS bigint) END AS rows,
        CASE WHEN pg_catalog.bool_and(locked.id IS NULL)
            THEN pg_catalog.sum(CASE WHEN locked.id IS NULL THEN pg_catalog.pg_total_relation_size(part.id) END)
        END AS bytes
    FROM part
    LEFT JOIN locked ON locked.id = part.id
    WHERE part.relkind IN ('r', 'm') AND CAST(:is_full AS boolean)
    GROUP BY part.root
)
SELECT CAST(pg_catalog.json_build_object('relations', pg_catalog.json_agg(
    pg_catalog.json_build_object(
        'kind', CASE c.relkind
            WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'f' THEN 'foreign_table'
            WHEN 'S' THEN 'sequence' ELSE 'table'
        END,
        'id', CAST(c.oid AS bigint),
        'schema_name', n.nspname,
        'name', c.relname,
        'quoted', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
        'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
        'persistence', c.relpersistence,
        'is_locked', asked.is_locked,
        'rows', measure.rows,
        'bytes', measure.bytes,
        'columns', (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(a.attname),
                    'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                    'is_required', a.attnotnull,
                    'default', CASE WHEN NOT asked.is_locked THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
                    'identity', a.attidentity,
                    'generated', a.attgenerated,
                    'base_type', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
                    'labels', CASE WHEN t.typtype = 'e' THEN (
                        SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
                        FROM pg_catalog.pg_enum AS e
                        WHERE e.enumtypid = t.oid
                    ) END,
                    'is_readable', may.read OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
                    'comment', pg_catalog.col_description(c.oid, a.attnum)
                )
                ORDER BY a.attnum
            )
            FROM pg_catalog.pg_attribute AS a
            LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'constraints', (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(k.conname),
                    'definition', CASE
                        WHEN NOT asked.is_locked OR k.contype IN ('p', 'u', 'f') THEN pg_catalog.pg_get_constraintdef(k.oid, true)
                    END,
                    'other_schema', other.nspname,
                    'other_name', partner.relname
                )
                ORDER BY pg_catalog.strpos('pucxf', CAST(k.contype AS text)), k.conname
            )
            FROM pg_catalog.pg_constraint AS k
            LEFT JOIN pg_catalog.pg_class AS partner ON partner.oid = k.confrelid
            LEFT JOIN pg_catalog.pg_namespace AS other ON other.oid = partner.relnamespace
            WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f')
        ),
        'references', CASE WHEN asked.is_full THEN (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(other.nspname) || '.' || pg_catalog.quote_ident(partner.relname),
                    'definition', pg_catalog.pg_get_constraintdef(k.oid, true),
                    'other_schema', other.nspname,
                    'other_name', partner.relname
                )
                ORDER BY other.nspname, partner.relname, k.conname
            )
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS partner ON partner.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS other ON other.oid = partner.relnamespace
            WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
                AND pg_catalog.has_schema_privilege(other.oid, 'USAGE')
                AND pg_catalog.has_any_column_privilege(partner.oid, 'SELECT, INSERT, UPDATE')
        ) END,
        'indexes', CASE WHEN asked.is_full AND NOT asked.is_locked THEN (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'definition', pg_catalog.pg_get_indexdef(i.indexrelid), 'is_valid', i.indisvalid
                )
                ORDER BY i.indexrelid
            )
            FROM pg_catalog.pg_index AS i
            WHERE i.indrelid = c.oid AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_constraint AS k
                WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
            )
        ) END,
        'triggers', CASE WHEN asked.is_full AND NOT asked.is_locked THEN (
            SELECT pg_catalog.json_agg(pg_catalog.pg_get_triggerdef(t.oid, true) ORDER BY t.tgname)
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
        ) END,
        'row_security', CASE WHEN c.relrowsecurity THEN CASE WHEN c.relforcerowsecurity THEN 'forced' ELSE 'enabled' END END,
        'policies', CASE WHEN asked.is_full AND NOT asked.is_locked THEN (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(p.polname),
                    'is_permissive', p.polpermissive,
                    'command', CASE p.polcmd
                        WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                        ELSE 'ALL'
                    END,
                    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
                )
                ORDER BY p.polname
            )
            FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = c.oid
        ) END,
        'partition_key', CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
        'partition_bound', CASE WHEN c.relispartition AND NOT asked.is_locked THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END,
        'parents', (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(other.nspname) || '.' || pg_catalog.quote_ident(partner.relname),
                    'other_schema', other.nspname,
                    'other_name', partner.relname
                )
                ORDER BY i.inhseqno
            )
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS partner ON partner.oid = i.inhparent
            JOIN pg_catalog.pg_namespace AS other ON other.oid = partner.relnamespace
            WHERE i.inhrelid = c.oid
        ),
        'children', CASE WHEN asked.is_full AND c.relhassubclass THEN (
            SELECT pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(other.nspname) || '.' || pg_catalog.quote_ident(partner.relname),
                    'definition', CASE
                        WHEN partner.oid NOT IN (SELECT id FROM locked)
                            THEN pg_catalog.pg_get_expr(partner.relpartbound, partner.oid)
                    END,
                    'other_schema', other.nspname,
                    'other_name', partner.relname
                )
                ORDER BY other.nspname, partner.relname
            )
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS partner ON partner.oid = i.inhrelid
            JOIN pg_catalog.pg_namespace AS other ON other.oid = partner.relnamespace
            WHERE i.inhparent = c.oid
        ) END,
        'sources', view.sources,
        'definition', CASE WHEN asked.is_full AND c.relkind IN ('v', 'm') AND NOT view.is_locked
            THEN pg_catalog.pg_get_viewdef(c.oid, true)
        END,
        'server', (
            SELECT s.srvname
            FROM pg_catalog.pg_foreign_table AS f
            JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
            WHERE f.ftrelid = c.oid
        ),
        'sequence', (
            SELECT 'AS ' || pg_catalog.format_type(s.seqtypid, NULL) || ' INCREMENT BY ' || s.seqincrement
                || ' MINVALUE ' || s.seqmin || ' MAXVALUE ' || s.seqmax || ' START WITH ' || s.seqstart
            FROM pg_catalog.pg_sequence AS s
            WHERE s.seqrelid = c.oid
        ),
        'privileges', (
            SELECT pg_catalog.json_agg(each.privilege ORDER BY each.place)
            FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
                WITH ORDINALITY AS each (privilege, place)
            WHERE pg_catalog.has_table_privilege(c.oid, each.privilege)
        )
    )
    ORDER BY asked.place
)) AS text)
FROM asked
JOIN pg_catalog.pg_class AS c ON c.oid = asked.id
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN measure ON measure.root = c.oid
CROSS JOIN LATERAL (SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AS read) AS may
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.json_agg(
            DISTINCT pg_catalog.jsonb_build_object(
                'name', pg_catalog.quote_ident(other.nspname) || '.' || pg_catalog.quote_ident(source.relname),
                'other_schema', other.nspname,
                'other_name', source.relname
            )
        ) AS sources,
        coalesce(pg_catalog.bool_or(source.oid IN (SELECT id FROM locked)), false)
            OR c.oid IN (SELECT id FROM locked) AS is_locked
    FROM pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_depend AS d
        ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND d.objid = r.oid
        AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid <> r.ev_class
    JOIN pg_catalog.pg_class AS source ON source.oid = d.refobjid
    JOIN pg_catalog.pg_namespace AS other ON other.oid = source.relnamespace
    WHERE r.ev_class = c.oid AND c.relkind IN ('v', 'm')
) AS view;

-- name: relation_find :many
-- The name is compared with names as data, in each way it may have been written: as it is, quoted, or unquoted, which
-- PostgreSQL lowers. First what is written exactly so, then what the search path finds first.
SELECT
    CAST(c.oid AS bigint) AS id, CAST(n.nspname AS text) AS schema_name, CAST(c.relname AS text) AS name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
    pg_catalog.pg_table_is_visible(c.oid) AS is_visible, spelled.is_exact
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT
        CAST(:name AS text) = ANY (ARRAY[
            CAST(c.relname AS text), pg_catalog.quote_ident(c.relname), '"' || c.relname || '"'
        ]) AS is_name,
        CAST(:name AS text) = ANY (ARRAY[
            n.nspname || '.' || c.relname,
            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
            '"' || n.nspname || '"."' || c.relname || '"', '"' || n.nspname || '".' || c.relname,
            n.nspname || '."' || c.relname || '"'
        ]) AS is_qualified
) AS written
CROSS JOIN LATERAL (
    SELECT
        written.is_name OR written.is_qualified AS is_exact,
        pg_catalog.lower(CAST(:name AS text)) IN (CAST(c.relname AS text), n.nspname || '.' || c.relname) AS is_folded
) AS spelled
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND (spelled.is_exact OR spelled.is_folded)
    AND (
        CAST(:schema_name AS text) IS NULL
        OR n.nspname IN (CAST(:schema_name AS text), pg_catalog.lower(CAST(:schema_name AS text)))
    )
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND (
        pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        OR c.relkind <> 'S' AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
    )
ORDER BY is_exact DESC, is_visible DESC, n.nspname, c.relname
-- As many as there may be schemas of customers, of which the rules leave one open.
LIMIT 5000;

-- name: relation_near :many
-- Names that share most runs of three characters with the one asked for.
SELECT
    CAST(n.nspname AS text) AS schema_name, CAST(c.relname AS text) AS name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS count
    FROM pg_catalog.json_array_elements_text(CAST(:runs AS json)) AS run (text)
    WHERE pg_catalog.strpos(pg_catalog.lower(c.relname COLLATE "C"), run.text) > 0
) AS shared
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND shared.count > 0
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND (
        pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
    )
ORDER BY shared.count DESC, pg_catalog.length(c.relname), n.nspname, c.relname
LIMIT 50;

-- name: object_define :value
-- What there is to say of objects that are no relations, as they are written in SQL, by kind and id.
SELECT CAST(pg_catalog.json_build_object('objects', pg_catalog.json_agg(
    pg_catalog.json_build_object(
        'kind', asked.kind,
        'id', CAST(asked.id AS bigint),
        'definition', CASE asked.kind
            WHEN 'index' THEN pg_catalog.pg_get_indexdef(asked.id)
            WHEN 'trigger' THEN pg_catalog.pg_get_triggerdef(asked.id, true)
            WHEN 'enum' THEN (
                SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                FROM pg_catalog.pg_enum AS e
                WHERE e.enumtypid = asked.id
            )
            WHEN 'type' THEN coalesce(
                (
                    SELECT 'DOMAIN OVER ' || pg_catalog.format_type(t.typbasetype, t.typtypmod)
                        || coalesce(' ' || (
                            SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid, true), ' ')
                            FROM pg_catalog.pg_constraint AS k
                            WHERE k.contypid = t.oid AND k.contype = 'c'
                        ), '')
                    FROM pg_catalog.pg_type AS t
                    WHERE t.oid = asked.id AND t.typtype = 'd'
                ),
                (
                    SELECT 'RANGE OVER ' || pg_catalog.format_type(g.rngsubtype, NULL)
                    FROM pg_catalog.pg_range AS g
                    WHERE g.rngtypid = asked.id
                ),
                (
                    SELECT '(' || pg_catalog.string_agg(
                        pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', '
                        ORDER BY a.attnum
                    ) || ')'
                    FROM pg_catalog.pg_type AS t
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                    WHERE t.oid = asked.id AND t.typtype = 'c'
                )
            )
            WHEN 'policy' THEN (
                SELECT coalesce('USING ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
                    || coalesce(' WITH CHECK ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
                FROM pg_catalog.pg_policy AS p
                WHERE p.oid = asked.id
            )
            WHEN 'extension' THEN NULL
            WHEN 'schema' THEN NULL
            ELSE (
                SELECT CASE
                    WHEN CAST(:is_full AS boolean) AND p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid)
                    ELSE 'RETURNS ' || coalesce(pg_catalog.pg_get_function_result(p.oid), 'nothing')
                END
                FROM pg_catalog.pg_proc AS p
                WHERE p.oid = asked.id
            )
        END,
        'comment', CASE asked.kind
            WHEN 'index' THEN pg_catalog.obj_description(asked.id, 'pg_class')
            WHEN 'trigger' THEN pg_catalog.obj_description(asked.id, 'pg_trigger')
            WHEN 'enum' THEN pg_catalog.obj_description(asked.id, 'pg_type')
            WHEN 'type' THEN pg_catalog.obj_description(asked.id, 'pg_type')
            WHEN 'policy' THEN pg_catalog.obj_description(asked.id, 'pg_policy')
            WHEN 'extension' THEN pg_catalog.obj_description(asked.id, 'pg_extension')
            WHEN 'schema' THEN pg_catalog.obj_description(asked.id, 'pg_namespace')
            ELSE pg_catalog.obj_description(asked.id, 'pg_proc')
        END
    )
)) AS text)
FROM pg_catalog.json_to_recordset(CAST(:objects AS json)) AS asked (kind text, id oid);
