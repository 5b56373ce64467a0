-- What the role that logged in could do in this database; every role may read all of it.

-- name: role_power :one
-- Of the login role: whoever finds a way around a definition's SET ROLE is that again.
-- For a superuser nothing is counted: it may do everything anyway.
SELECT
    r.rolname::text AS login,
    current_user::text AS runs_as,
    r.rolsuper AS is_superuser,
    r.rolbypassrls AS bypasses_row_security,
    r.rolcreaterole AS creates_roles,
    r.rolcreatedb AS creates_databases,
    r.rolreplication AS replicates,
    coalesce((
        SELECT pg_catalog.string_agg(g.rolname::text, ',' ORDER BY g.rolname)
        FROM pg_catalog.pg_roles AS g
        WHERE NOT r.rolsuper AND g.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
    ), '') AS memberships,
    NOT r.rolsuper AND pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER') AS owns_database,
    pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE') AS creates_schemas,
    pg_catalog.has_database_privilege(r.oid, d.oid, 'TEMPORARY') AS makes_temporary_tables,
    coalesce((
        SELECT pg_catalog.string_agg(n.nspname::text, ',' ORDER BY n.nspname)
        FROM pg_catalog.pg_namespace AS n
        WHERE NOT r.rolsuper AND n.nspname !~ '^pg_' AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
    ), '') AS creatable_schemas,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM pg_catalog.pg_class AS c
            WHERE NOT r.rolsuper AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                AND c.oid >= 16384 AND pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER')
            LIMIT :most
        ) AS owned
    ) AS tables_owned,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM pg_catalog.pg_class AS c
            WHERE NOT r.rolsuper AND c.relkind IN ('r', 'p', 'v', 'f')
                AND c.oid >= 16384
                AND pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            LIMIT :most
        ) AS writable
    ) AS tables_writable
FROM pg_catalog.pg_roles AS r
JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
WHERE r.rolname = session_user;
