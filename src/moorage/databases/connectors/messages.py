"""The text with which a transaction begins and ends: ours alone, nothing of a caller's is in it."""

from __future__ import annotations

from functools import lru_cache

from moorage.core.postgres.identifiers import quote_identifier
from moorage.databases.connectors.session import Terms

CLEAN = (
    "SELECT pg_catalog.pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; SET SESSION AUTHORIZATION DEFAULT; RESET ALL;"
    " DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES"
)
"""Takes away what a statement may have left in its session, by whatever hole: nothing of it meets the next caller.

It is DISCARD ALL but for the plans, which may not stand in one message with others.
Source: https://www.postgresql.org/docs/current/sql-discard.html
"""
END = f"ROLLBACK; {CLEAN}"

# Values come as text: these decide in which. What a literal means must not depend on the role either, because the
# guard has read the statement as PostgreSQL does by default.
_FORMS = """
SET LOCAL DateStyle = ISO; SET LOCAL IntervalStyle = postgres; SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex; SET LOCAL standard_conforming_strings = on
""".strip().replace("\n", " ")
# Earlier ones let nobody but superusers set it: https://www.postgresql.org/docs/15/release-15.html
_FIRST_WITH_PARAMETER_PRIVILEGES = 15
LOOK_FOR_CLIENT_SECONDS = 2.0
"""How often PostgreSQL looks whether we are still there while it works; else a process that was killed would leave
statements running up to their time limit.
"""
# https://www.postgresql.org/docs/14/release-14.html
_FIRST_LOOKING_FOR_CLIENTS = 14


@lru_cache(maxsize=512)
def beginning(terms: Terms, server_version: int, *, is_superuser: bool) -> str:
    """Return the statements that begin a transaction under its terms, all in one message.

    Args:
        server_version: its first number.
    """
    settings = [
        _FORMS,
        f"SET LOCAL statement_timeout = {_milliseconds(terms.statement_seconds)}",
        f"SET LOCAL lock_timeout = {_milliseconds(terms.lock_seconds)}",
        f"SET LOCAL idle_in_transaction_session_timeout = {_milliseconds(terms.idle_seconds)}",
        f"SET LOCAL work_mem = {max(terms.work_memory_bytes // 1024, 64)}",
    ]
    if server_version >= _FIRST_LOOKING_FOR_CLIENTS:
        settings.append(_looking_for_client())
    if terms.search_path:
        settings.append(f"SET LOCAL search_path = {', '.join(map(quote_identifier, terms.search_path))}")
    if terms.temporary_file_bytes is not None:
        settings += _limit_of_files(terms.temporary_file_bytes // 1024, server_version, is_superuser=is_superuser)
    if terms.role:
        settings.append(f"SET LOCAL ROLE {quote_identifier(terms.role)}")
    return "; ".join([f"BEGIN {'READ ONLY' if terms.read_only else 'READ WRITE'}", *settings])


def _looking_for_client() -> str:
    """Return what sets the interval where it may be: some systems refuse it, and their servers every value but 0."""
    setting = (
        f"pg_catalog.set_config('client_connection_check_interval', '{_milliseconds(LOOK_FOR_CLIENT_SECONDS)}', true)"
    )
    return f"SELECT {setting} WHERE pg_catalog.textregexeq(pg_catalog.version(), 'linux')"


def _limit_of_files(kilobytes: int, server_version: int, *, is_superuser: bool) -> list[str]:
    """Return what sets the limit where the login role may; asking costs no message of its own."""
    if server_version >= _FIRST_WITH_PARAMETER_PRIVILEGES:
        setting = f"pg_catalog.set_config('temp_file_limit', '{kilobytes}', true)"
        return [f"SELECT {setting} WHERE pg_catalog.has_parameter_privilege('temp_file_limit', 'SET')"]
    return [f"SET LOCAL temp_file_limit = {kilobytes}"] if is_superuser else []


def _milliseconds(seconds: float) -> int:
    """Return milliseconds, and never 0, which means no limit."""
    return max(round(seconds * 1000), 1)
