"""Whether our login role could do more than its task."""

from __future__ import annotations

from moorage.core.shape import Finding
from moorage.databases.definitions import Database
from moorage.databases.roles.power import RolePower, too_much
from moorage.databases.tuning.health.findings import warning


def findings_of(power: RolePower, database: Database) -> list[Finding]:
    powers = too_much(power, database.definition)
    if not powers:
        return []
    remedy = f"Log in with a role of `moorage db grant-readonly {database.id}`; require_least_privilege refuses others."
    return [warning("role_too_powerful", f"role {power.login}", f"it {'; '.join(powers)}", remedy)]
