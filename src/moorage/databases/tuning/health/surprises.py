"""Settings that are not what one would think."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.core.postgres.queries import Row
from moorage.core.shape import Finding, Severity
from moorage.databases.tuning.health.findings import MOST_OF_A_KIND, Look, note, statements

_LOSES_DATA = "a crash can lose or damage data"
# Name, value that surprises, how bad, what it means. https://www.postgresql.org/docs/current/runtime-config.html
SURPRISES = (
    ("fsync", "off", Severity.ERROR, _LOSES_DATA),
    ("full_page_writes", "off", Severity.ERROR, _LOSES_DATA),
    ("zero_damaged_pages", "on", Severity.ERROR, "damaged pages are emptied without a word"),
    ("ignore_checksum_failure", "on", Severity.ERROR, "damaged pages are read as if they were whole"),
    ("autovacuum", "off", Severity.ERROR, "dead rows pile up, and transaction ids run out"),
    ("track_counts", "off", Severity.ERROR, "autovacuum does not know what to do"),
    ("standard_conforming_strings", "off", Severity.WARNING, "backslashes in strings are escapes"),
    ("password_encryption", "md5", Severity.WARNING, "new passwords are kept in a form that is easily found out"),
    ("synchronous_commit", "off", Severity.INFO, "the last commits can be lost in a crash"),
)


async def settings(look: Look) -> list[Finding]:
    rows = await look.rows(statements.setting_list, names=[name for name, *_ in SURPRISES])
    values = {row["name"]: row["value"] for row in rows}
    return [*(_about(*each) for each in SURPRISES if values.get(each[0]) == each[1]), *_waiting(rows)]


def _about(name: str, value: str, severity: Severity, meaning: str) -> Finding:
    remedy = f"Set {name} to something else, or know why it is {value}."
    return Finding(code="setting", severity=severity, subject=name, message=f"is {value}: {meaning}", remedy=remedy)


def _waiting(rows: Sequence[Row]) -> list[Finding]:
    names = [row["name"] for row in rows if row["waits_for_restart"]][:MOST_OF_A_KIND]
    if not names:
        return []
    message = f"changed in the file, not yet in force: {', '.join(names)}"
    return [note("restart_pending", "settings", message, "Restart the server, or take the change back.")]
