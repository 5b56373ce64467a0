"""Making a role that can read a database and do nothing else, as a script that an administrator can read first.

The script may be run again at any time, and takes back what such a role should not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil

from moorage.core.errors import InvalidInput
from moorage.core.postgres.address import address_from_url
from moorage.core.postgres.errors import LoginRefused, translated
from moorage.core.postgres.identifiers import MAX_IDENTIFIER_BYTES, quote_identifier, quote_literal
from moorage.core.postgres.pools import connected
from moorage.core.values import Value
from moorage.databases.definitions import Database
from moorage.databases.roles.power import DANGEROUS_ROLES

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_NOT_A_NAME = re.compile(r"[^a-z0-9_]+")
_SUFFIX = "_reader"
_ADMINISTRATOR = "Check user and password of the administrator's URL; its password may stand in PGPASSWORD or .pgpass."
_AS_LIKE = str.maketrans({"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"})


class ReadingRole(Value):
    """What a reading role is to be.

    Attributes:
        database: its name on the server.
        schemas: in which it reads everything, also what is made later; * and ? stand for any text and any character;
            none named means all but PostgreSQL's own.
        sees_statistics: whether it sees what other roles run, which health and the workload are better for.
        closes_public: take from everybody (PUBLIC) what no reader needs: temporary tables, and making things in the
            schema public. Other programs may live on that.
    """

    database: str
    role: str
    schemas: tuple[str, ...] = ()
    statement_seconds: int = 60
    connection_limit: int = 10
    sees_statistics: bool = False
    closes_public: bool = False


def default_role(database: str) -> str:
    """Return the name of a reading role: the database's in small letters, cut, with _reader behind it."""
    name = _NOT_A_NAME.sub("_", database.lower()).strip("_") or "database"
    name = name if not name[0].isdigit() else f"_{name}"
    return name[: MAX_IDENTIFIER_BYTES - len(_SUFFIX)] + _SUFFIX


def reading_role(database: Database, role: str | None = None) -> ReadingRole:
    """Return the reading role that fits a definition: its schemas, its time limit, and room for two such pools."""
    definition = database.definition
    return ReadingRole(
        database=definition.database,
        role=role or default_role(definition.database),
        schemas=definition.allowed_schemas,
        statement_seconds=ceil(definition.limits.statement_seconds),
        connection_limit=2 * definition.pool_size,
    )


def grant_readonly_script(wanted: ReadingRole, *, password: str | None = None) -> str:
    """Return the script for psql; it stops at the first failure when psql is told so, and is then run again.

    Args:
        password: None leaves it as it is; a new role has none then, and cannot log in by one.

    Raises:
        InvalidInput: the role's name is not a plain one, or begins with pg_, which PostgreSQL keeps for itself.
    """
    if not _ROLE.fullmatch(wanted.role) or wanted.role.startswith("pg_"):
        raise InvalidInput(
            f"role {wanted.role[:80]!r} is no plain name", hint="Small letters, digits and _; not beginning with pg_."
        )
    return "\n".join(
        [*_head(wanted), *_making(wanted, password), *_reading(wanted), *_bounds(wanted), *_public(wanted)]
    )


async def run_readonly_script(url: str, wanted: ReadingRole, *, password: str | None = None) -> None:
    """Run the script as an administrator, all of it or nothing.

    Args:
        url: of the administrator: postgresql://user:password@host:port; the database is that of `wanted`.
    """
    script = grant_readonly_script(wanted, password=password)
    try:
        with translated(f"making the role {wanted.role!r}"):
            async with connected(address_from_url(url)[0], wanted.database) as connection, connection.transaction():
                await connection.execute(script)
    except LoginRefused as error:
        raise LoginRefused(error.message, hint=_ADMINISTRATOR) from error


def _head(wanted: ReadingRole) -> Iterator[str]:
    yield f"-- A role that reads the database {_comment(wanted.database)}. Run it there as an administrator:"
    yield f"-- psql --set ON_ERROR_STOP=1 --single-transaction --dbname {_comment(wanted.database)} --file this-file"


def _making(wanted: ReadingRole, password: str | None) -> Iterator[str]:
    role, name = quote_identifier(wanted.role), quote_literal(wanted.role)
    yield _block(
        f"IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}) THEN CREATE ROLE {role}; END IF;",
        "IF EXISTS (SELECT FROM pg_catalog.pg_roles",
        f"        WHERE rolname = {name} AND (rolsuper OR rolbypassrls OR rolreplication)) THEN",
        "    RAISE EXCEPTION 'the role is a superuser, bypasses row security, or replicates: choose another name';",
        "END IF;",
    )
    yield f"ALTER ROLE {role} LOGIN NOCREATEROLE NOCREATEDB CONNECTION LIMIT {wanted.connection_limit};"
    if password is None:
        yield f"-- Give it a password: \\password {wanted.role}"
    else:
        yield f"ALTER ROLE {role} PASSWORD {quote_literal(password)};"
    yield _block(*_leaving(wanted.role), declared="granted name;")
    yield (
        f"GRANT pg_read_all_stats TO {role};"
        if wanted.sees_statistics
        else "-- GRANT pg_read_all_stats TO it: not asked for."
    )


def _leaving(role: str) -> Iterator[str]:
    dangerous = ", ".join(quote_literal(each) for each in DANGEROUS_ROLES)
    yield "FOR granted IN SELECT g.rolname FROM pg_catalog.pg_auth_members AS m"
    yield "        JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid JOIN pg_catalog.pg_roles AS r ON r.oid = m.member"
    yield f"        WHERE r.rolname = {quote_literal(role)} AND g.rolname IN ({dangerous}) LOOP"
    yield f"    EXECUTE pg_catalog.format('REVOKE %I FROM %I', granted, {quote_literal(role)});"
    yield "END LOOP;"


def _reading(wanted: ReadingRole) -> Iterator[str]:
    role, database = quote_identifier(wanted.role), quote_identifier(wanted.database)
    yield f"GRANT CONNECT ON DATABASE {database} TO {role};"
    yield f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM {role};"
    yield _block(*_in_each_schema(wanted), declared="place name; maker name;")


def _in_each_schema(wanted: ReadingRole) -> Iterator[str]:
    """Grant on what is there, and on what every role makes later that has made something there."""
    reader = quote_literal(wanted.role)
    commands = (
        "GRANT USAGE ON SCHEMA %1$I TO %2$I",
        "REVOKE CREATE ON SCHEMA %1$I FROM %2$I",
        "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA %1$I FROM %2$I",
        "REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA %1$I FROM %2$I",
        "GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO %2$I",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA %1$I TO %2$I",
    )
    later = "ALTER DEFAULT PRIVILEGES FOR ROLE %3$I IN SCHEMA %1$I GRANT SELECT ON {} TO %2$I"
    yield f"FOR place IN SELECT nspname FROM pg_catalog.pg_namespace WHERE {_chosen(wanted.schemas)} LOOP"  # noqa: S608  (quoted)
    for each in commands:
        yield f"    EXECUTE pg_catalog.format('{each}', place, {reader});"
    yield "    FOR maker IN SELECT DISTINCT pg_catalog.pg_get_userbyid(made.owner) FROM ("
    yield "            SELECT c.relowner FROM pg_catalog.pg_class AS c"
    yield "            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = place"
    yield "            UNION SELECT n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = place"
    yield "        ) AS made (owner) WHERE pg_catalog.pg_has_role(made.owner, 'USAGE') LOOP"
    for kind in ("TABLES", "SEQUENCES"):
        yield f"        EXECUTE pg_catalog.format('{later.format(kind)}', place, {reader}, maker);"
    yield "    END LOOP;"
    yield "END LOOP;"


def _chosen(schemas: Sequence[str]) -> str:
    """Return the condition that schemas meet; their names may have * and ?, as in a definition."""
    own = "nspname <> 'information_schema' AND nspname !~ '^pg_'"
    patterns = ", ".join(quote_literal(each.translate(_AS_LIKE)) for each in schemas)
    return f"{own} AND nspname LIKE ANY (ARRAY[{patterns}])" if schemas else own


def _bounds(wanted: ReadingRole) -> Iterator[str]:
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"'{wanted.statement_seconds}s'",
        "lock_timeout": "'5s'",
        "idle_in_transaction_session_timeout": f"'{2 * wanted.statement_seconds}s'",
    }
    role, database = quote_identifier(wanted.role), quote_identifier(wanted.database)
    for name, value in settings.items():
        yield f"ALTER ROLE {role} IN DATABASE {database} SET {name} = {value};"


def _public(wanted: ReadingRole) -> Iterator[str]:
    mark = "" if wanted.closes_public else "-- "
    yield "-- What everybody may do here, and so the reader too; taking it away concerns every role."
    yield f"{mark}REVOKE TEMPORARY ON DATABASE {quote_identifier(wanted.database)} FROM PUBLIC;"
    yield f"{mark}REVOKE CREATE ON SCHEMA public FROM PUBLIC;"


def _block(*lines: str, declared: str = "") -> str:
    """Return statements of PL/pgSQL as one statement, quoted by a tag that they do not hold."""
    body = "\n".join(f"    {line}" for line in lines)
    tag = "$do$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"DO {tag}{f' DECLARE {declared}' if declared else ''} BEGIN\n{body}\nEND {tag};"


def _comment(text: str) -> str:
    """Return text that stays on its line."""
    return " ".join(text.split())
