"""A role for a project: what people with logins of their own are granted, to look at it or work in it by SQL.

`project_<name>_read` and `project_<name>_write` are group roles without a login; the operator grants them. They reach
the one database and nothing else. Moorage itself does not use them: its own login role reaches every project.
"""

from __future__ import annotations

import contextlib
import hashlib
from enum import StrEnum

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import needing, translated
from moorage.core.postgres.identifiers import MAX_IDENTIFIER_BYTES, quote_identifier, quote_literal
from moorage.projects import store
from moorage.projects.errors import RoleTaken
from moorage.projects.models import Project
from moorage.projects.provisioning import IDENTITY_LINE, Provisioner


class RoleKind(StrEnum):
    """What a project's role may do there."""

    READ = "read"
    WRITE = "write"


_CUT_LENGTH = 40
_HASH_LENGTH = 8
_WRITING = "INSERT, UPDATE, DELETE"


def role_name(project_name: str, kind: RoleKind) -> str:
    """Return the name of a project's role.

    The rule: `project_<name>_<kind>`. Where that is longer than PostgreSQL's 63 bytes, the project's name is cut to 40
    and followed by 8 hex digits of its SHA-256.
    """
    name = f"{project_name}_{kind.value}"
    if len(f"project_{name}") <= MAX_IDENTIFIER_BYTES:
        return f"project_{name}"
    digest = hashlib.sha256(project_name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"project_{project_name[:_CUT_LENGTH]}_{digest}_{kind.value}"


def remark_of(project_name: str) -> str:
    """Return the comment by which a role is known as made for a project."""
    return f"{store.ROLE_REMARK}{project_name}"


async def ensure_role(provisioner: Provisioner, project: Project, kind: RoleKind) -> str:
    """Make the project's role unless it is there, give it all its grants, and return its name; safe to repeat.

    Raises:
        NotPermitted: the role is missing, and the login role of Moorage may not make roles.
        RoleTaken: a role of that name was made for something else.
    """
    name = role_name(project.name, kind)
    async with provisioner.locked(project):
        await _ensure_made(provisioner, project, name)
        async with provisioner.maintenance() as server:
            await server.execute(connect_grant(project, kind))
        with translated(f"granting to {name!r}"):
            async with provisioner.writing(project.database_name) as connection:
                owner = await connection.fetchval("SELECT current_user")
                await connection.execute("\n".join(table_grants(provisioner, project, kind, owner=owner)))
    return name


async def grant_again(provisioner: Provisioner, project: Project) -> None:
    """Give the roles that a project has their grants on its new database; those on the old one went with it."""
    async with provisioner.maintenance() as server:
        remarks = {kind: await store.role_remark(server, role_name(project.name, kind)) for kind in RoleKind}
    for kind, remark in remarks.items():
        if remark == remark_of(project.name):
            await ensure_role(provisioner, project, kind)


async def drop_roles(provisioner: Provisioner, project: Project) -> None:
    """Drop the roles of a project whose database is gone.

    One that cannot be dropped, because it was granted something else too, stays: `moorage doctor` tells of it.
    """
    async with provisioner.maintenance() as server:
        for kind in RoleKind:
            name = role_name(project.name, kind)
            if await store.role_remark(server, name) == remark_of(project.name):
                with contextlib.suppress(MoorageError), translated(f"dropping the role {name!r}"):
                    await server.execute(f"DROP ROLE IF EXISTS {quote_identifier(name)}")


def role_script(provisioner: Provisioner, project: Project, kind: RoleKind, *, owner: str) -> str:
    """Return all that `ensure_role` does as a psql script, for an administrator where Moorage may not make roles.

    Args:
        owner: the login role of Moorage, to which the tables belong.
    """
    name = role_name(project.name, kind)
    database = f"\\connect {quote_identifier(project.database_name)}"
    statements = [*_making(project, name), connect_grant(project, kind), database]
    return "\n".join([*statements, *table_grants(provisioner, project, kind, owner=owner)])


def connect_grant(project: Project, kind: RoleKind) -> str:
    role = quote_identifier(role_name(project.name, kind))
    return f"GRANT CONNECT ON DATABASE {quote_identifier(project.database_name)} TO {role};"


def table_grants(provisioner: Provisioner, project: Project, kind: RoleKind, *, owner: str) -> list[str]:
    """Return what is granted inside the database, on the tables there are and on those that migrations will make."""
    role = quote_identifier(role_name(project.name, kind))
    future = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_identifier(owner)}"
    grants = [f"{future} GRANT USAGE ON SCHEMAS TO {role};", f"{future} GRANT SELECT ON TABLES TO {role};"]
    for line in provisioner.lines:
        schema = quote_identifier(line.schema)
        grants.append(f"GRANT USAGE ON SCHEMA {schema} TO {role};")
        grants.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};")
        # Whose the database is, and how old its tables are, only Moorage writes.
        if kind is RoleKind.WRITE and line != IDENTITY_LINE:
            grants += [
                f"GRANT {_WRITING} ON ALL TABLES IN SCHEMA {schema} TO {role};",
                f"REVOKE {_WRITING} ON {line.qualified_version_table} FROM {role};",
                f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};",
                f"{future} IN SCHEMA {schema} GRANT {_WRITING} ON TABLES TO {role};",
                f"{future} IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role};",
            ]
    return grants


async def _ensure_made(provisioner: Provisioner, project: Project, name: str) -> None:
    async with provisioner.maintenance() as server:
        remark = await store.role_remark(server, name)
        if remark == remark_of(project.name):
            return
        if remark is not None:
            raise RoleTaken(
                f"the role {name!r} was made for something else",
                hint="Rename it, or drop it if nobody needs it.",
                role=name,
            )
        with needing("CREATEROLE"), translated(f"making the role {name!r}"):
            async with server.transaction():
                for statement in _making(project, name):
                    await server.execute(statement)


def _making(project: Project, name: str) -> list[str]:
    role = quote_identifier(name)
    return [
        f"CREATE ROLE {role} NOLOGIN;",
        f"COMMENT ON ROLE {role} IS {quote_literal(remark_of(project.name))};",
    ]
