"""The grants that Moorage's login role needs, as a script for psql.

Nothing here is run by the program itself: an administrator reads it and runs it.
"""

from __future__ import annotations

from moorage.core.errors import InvalidInput
from moorage.core.postgres.identifiers import quote_identifier, quote_literal

# A superuser of every installation; it needs no grants, so the script makes a role of its own.
SUPERUSER = "postgres"
DEFAULT_ROLE = "moorage"

_HEAD = """\
-- What the role {role} needs so that Moorage can work as it, and nothing more.
-- An administrator of the server runs this with psql, and may run it again:
--     psql --dbname postgres --file grants.sql
\\set ON_ERROR_STOP on

-- The login role. CREATEDB: each project has a database of its own, which then belongs to this role.
SELECT {create_role} WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {role_text})
\\gexec
ALTER ROLE {role} LOGIN CREATEDB;
-- Its password; psql asks for it:
--     \\password {role}

-- From the database postgres it makes and drops the others.
GRANT CONNECT ON DATABASE postgres TO {role};
"""
_REGISTRY = """
-- The registry, of which it is the owner: it makes and upgrades the tables there.
SELECT {create_registry} WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_database WHERE datname = {registry_text})
\\gexec
ALTER DATABASE {registry} OWNER TO {role};
REVOKE CONNECT, TEMPORARY ON DATABASE {registry} FROM PUBLIC;
"""
_REST = """
-- pgvector, for search by meaning. Only a superuser may add it where the extension is not marked as trusted; added to
-- template1 it is in every database that is made from now on.
\\connect template1
SELECT 'CREATE EXTENSION IF NOT EXISTS vector' FROM pg_catalog.pg_available_extensions WHERE name = 'vector'
\\gexec
\\connect postgres

-- Optional, each by removing the dashes:
-- To see what sessions of other roles do, before a project is deleted, moved or copied, and in `moorage doctor`.
-- GRANT pg_read_all_stats TO {role};
-- To end sessions of other roles: deleting, moving and copying with --force.
-- GRANT pg_signal_backend TO {role};
-- To make a role for each project: `moorage project role`.
-- ALTER ROLE {role} CREATEROLE;
"""


def grants_script(login_role: str, *, registry_database: str | None) -> str:
    """Return the script for one server.

    Args:
        login_role: as the settings have it; a superuser's is replaced by one of its own.
        registry_database: None for a server without the registry.

    Raises:
        InvalidInput: a name would break out of a line of the script.
    """
    for name in filter(None, (login_role, registry_database)):
        if not name.isprintable():
            raise InvalidInput(f"the name {name!r} holds control characters", hint="Choose another name.")
    role = DEFAULT_ROLE if login_role == SUPERUSER else login_role
    names = {
        "role": quote_identifier(role),
        "role_text": quote_literal(role),
        "create_role": quote_literal(f"CREATE ROLE {quote_identifier(role)} NOSUPERUSER"),
    }
    script = _HEAD.format(**names)
    if registry_database is not None:
        registry = quote_identifier(registry_database)
        script += _REGISTRY.format(
            **names,
            registry=registry,
            registry_text=quote_literal(registry_database),
            create_registry=quote_literal(f"CREATE DATABASE {registry} OWNER {names['role']}"),
        )
    return script + _REST.format(**names)
