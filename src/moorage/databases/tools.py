"""Which tools clients see: profiles, and never more of them because there are more databases."""

from __future__ import annotations

from collections.abc import Mapping

from moorage.core.shape import Tool
from moorage.databases.everywhere.tools import EverywhereTools
from moorage.databases.execution.tools import QueryTools
from moorage.databases.exploring.tools import ExploringTools
from moorage.databases.managing.tools import ManagingTools
from moorage.databases.saved.tools import SavedTools
from moorage.databases.service import DatabasesService
from moorage.databases.tuning.tools import TuningTools


def tools_by_profile(service: DatabasesService) -> Mapping[str, list[Tool]]:
    """Return every tool under the profile it belongs to, in the order clients see them."""
    tuning = TuningTools(service.tuning)
    marks_data = service.settings.mark_untrusted
    saved = SavedTools(service.saved, marks_data=marks_data)
    everywhere = EverywhereTools(service.everywhere, service.comparison, marks_data=marks_data)
    managing = ManagingTools(service.catalog, service.connections, service.managing, service.powers)
    return {
        "core": [
            *QueryTools(service.catalog, service.runner, marks_data=marks_data).core(),
            *managing.core(),
            *ExploringTools(service.exploring).core(),
            *tuning.core(),
            *(saved.each() if service.settings.saved_as_tools else []),
        ],
        "tuning": tuning.tuning(),
        "everywhere": everywhere.tools(),
        "saved": saved.saved(),
        "manage": managing.manage(),
    }
