"""What can go wrong with work items."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import Conflict, Forbidden, InvalidInput, NotFound


class TypeNotFound(NotFound):
    """The project has no type of this name; `details` name those it has, and the packs it could have."""

    code: ClassVar[str] = "workflow.type_not_found"


class TypeExists(Conflict):
    """The project has a type of this name or with this key prefix."""

    code: ClassVar[str] = "workflow.type_exists"


class TypeInUse(Conflict):
    """The type has entities, deleted ones included, so it cannot go."""

    code: ClassVar[str] = "workflow.type_in_use"


class TypeChanged(Conflict):
    """The type was changed while this call used it; nothing was written."""

    code: ClassVar[str] = "workflow.type_changed"
    retryable: ClassVar[bool] = True


class InvalidType(InvalidInput):
    """A schema or the rules of a type are outside the subset that is served; every problem is named."""

    code: ClassVar[str] = "workflow.invalid_type"


class InvalidEntity(InvalidInput):
    """The data does not satisfy its type; every problem is named with its JSON pointer."""

    code: ClassVar[str] = "workflow.invalid_entity"


class TransitionRefused(Conflict):
    """The type does not allow this change of state, or a deployment this change of status."""

    code: ClassVar[str] = "workflow.transition_refused"


class EntityNotFound(NotFound):
    """No entity has this id or key."""

    code: ClassVar[str] = "workflow.entity_not_found"


class EntityExists(Conflict):
    """Another entity has this id, or a value that must be its own."""

    code: ClassVar[str] = "workflow.entity_exists"


class StaleVersion(Conflict):
    """The entity has moved on since it was read; `details` show both versions, who changed what, and the conflict."""

    code: ClassVar[str] = "workflow.stale_version"


class VersionRequired(InvalidInput):
    """A write neither names the version it saw nor asks to be forced."""

    code: ClassVar[str] = "workflow.version_required"


class EntityDeleted(Conflict):
    """The entity is deleted; it can be restored."""

    code: ClassVar[str] = "workflow.entity_deleted"


class PatchFailed(Conflict):
    """A JSON Patch does not fit the data as it is now; nothing was written."""

    code: ClassVar[str] = "workflow.patch_failed"


class InvalidPatch(InvalidInput):
    """What was given is no JSON Patch (RFC 6902), or no merge patch (RFC 7396)."""

    code: ClassVar[str] = "workflow.invalid_patch"


class KeyReused(Conflict):
    """The idempotency key was used before, for another call."""

    code: ClassVar[str] = "workflow.idempotency_key_reused"


class BatchRefused(Conflict):
    """Operations of a batch cannot be done, so none was; `details` name each with its place and its reason."""

    code: ClassVar[str] = "workflow.batch_refused"


class Claimed(Conflict):
    """Somebody else holds a claim on the entity; `details` say who and until when."""

    code: ClassVar[str] = "workflow.claimed"
    retryable: ClassVar[bool] = True


class NotReady(Conflict):
    """The entity cannot be begun: something blocks it, a part of it is open, it is over, or it is no work."""

    code: ClassVar[str] = "workflow.not_ready"


class ClaimLost(Conflict):
    """The claim token is not that of the entity's claim (any more): it ended, and others may have worked since."""

    code: ClassVar[str] = "workflow.claim_lost"


class LinkRefused(Conflict):
    """The link would close a cycle, give a second parent, or link an entity with itself."""

    code: ClassVar[str] = "workflow.link_refused"


class LinkNotFound(NotFound):
    """There is no such link or reference."""

    code: ClassVar[str] = "workflow.link_not_found"


class HasChildren(Conflict):
    """The entity is the parent of others that are not deleted."""

    code: ClassVar[str] = "workflow.has_children"


class InvalidFilter(InvalidInput):
    """A filter, a sort order or a projection cannot be understood."""

    code: ClassVar[str] = "workflow.invalid_filter"


class InvalidCursor(InvalidInput):
    """The cursor is not one of this project and this query."""

    code: ClassVar[str] = "workflow.invalid_cursor"


class CursorGone(Conflict):
    """The feed no longer has the place that the cursor names: purged, or the project was restored to before it."""

    code: ClassVar[str] = "workflow.cursor_gone"


class VersionNotFound(NotFound):
    """The entity never had this version, or had none at this time."""

    code: ClassVar[str] = "workflow.version_not_found"


class DeploymentNotFound(NotFound):
    """No deployment has this id."""

    code: ClassVar[str] = "workflow.deployment_not_found"


class InvalidDeployment(InvalidInput):
    """The data of a deployment cannot be recorded; every problem is named."""

    code: ClassVar[str] = "workflow.invalid_deployment"


class InvalidImport(InvalidInput):
    """What should be imported cannot be read; the message names the line or item."""

    code: ClassVar[str] = "workflow.invalid_import"


class StepsFailed(Conflict):
    """The steps that lead to the type's version of now do not fit the entity's data."""

    code: ClassVar[str] = "workflow.steps_failed"


class MigrationRunning(Conflict):
    """The entities of the type are being migrated to another version."""

    code: ClassVar[str] = "workflow.migration_running"
    retryable: ClassVar[bool] = True


class BreakingChange(Forbidden):
    """The change of a type would break with its entities; it has to be asked for explicitly."""

    code: ClassVar[str] = "workflow.breaking_change"
