"""The types of an export, each version of them in use: entities stand under the version they satisfied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from moorage.workflow.documents import problems_of
from moorage.workflow.errors import InvalidType
from moorage.workflow.exchange.archive.models import ArchivedEntity, ArchivedType, ArchivedTypeVersion
from moorage.workflow.types.agreement import refuse_unfit_type
from moorage.workflow.types.models import EntityType, StoredType, Traits, TypeRules
from moorage.workflow.types.problems import sentence
from moorage.workflow.types.validation import compiled, problems_in
from moorage.workflow.work.models import LinkKind

TypeVersions = Mapping[tuple[str, int], EntityType]


def problems_of_type(archived: ArchivedType) -> Iterator[str]:
    """Yield why this could not have been a type."""
    if archived.version not in {each.version for each in archived.versions}:
        yield f"version {archived.version} is not among its versions"
    for each in archived.versions:
        try:
            refuse_unfit_type(each.schema_definition, TypeRules.model_validate(each.rules))
        except (InvalidType, ValidationError) as error:
            yield f"version {each.version}: {error}"


def versions_of(types: Sequence[ArchivedType]) -> TypeVersions:
    """Return every version of types that have no problems, ready for use, by name and version."""
    return {
        (archived.schema_name, each.version): _compiled(archived, each)
        for archived in types
        for each in archived.versions
    }


def problems_of_entity(entity: ArchivedEntity, types: TypeVersions, *, max_bytes: int) -> Iterator[str]:
    """Yield why the entity cannot be stored; what is deleted need not satisfy its type."""
    yield from _problems_of_links(entity)
    entity_type = types.get((entity.schema_name, entity.schema_version))
    if entity_type is None:
        yield f"there is no version {entity.schema_version} of the type {entity.schema_name!r}"
        return
    for data in (entity.data, *(each.data for each in entity.versions)):
        unfit = list(problems_of(data, max_bytes=max_bytes))
        if unfit:
            yield "; ".join(unfit)
            return
    problems = [] if entity.deleted_at else problems_in(entity_type, entity.data)
    if problems:
        yield sentence(problems)


def _problems_of_links(entity: ArchivedEntity) -> Iterator[str]:
    links = Counter((each.kind, each.target) for each in entity.links)
    yield from (f"a link {kind} {target} stands there twice" for (kind, target), count in links.items() if count > 1)
    if any(target == entity.key for _, target in links):
        yield "a link leads to itself"
    parents = [target for kind, target in links if kind is LinkKind.PARENT]
    if len(parents) > 1:
        yield f"more than one parent: {', '.join(parents)}"


def traits_of(entity: ArchivedEntity, types: TypeVersions) -> Traits:
    return types[entity.schema_name, entity.schema_version].traits_of(entity.data)


def _compiled(archived: ArchivedType, version: ArchivedTypeVersion) -> EntityType:
    row = archived.model_dump(include=set(StoredType.model_fields))
    of_version = version.model_dump(include={"version", "schema_definition", "rules"})
    return compiled(StoredType.model_validate({**row, **of_version}))
