"""What is asked for when a type is registered: its name, its keys, and whether it is there like that already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import Document
from moorage.workflow.errors import TypeExists
from moorage.workflow.types.agreement import refuse_unfit_type
from moorage.workflow.types.models import MAX_NAME_LENGTH, MAX_PREFIX_LENGTH, TYPE_NAME, StoredType, TypeRules
from moorage.workflow.types.packs import read_pack


@dataclass(frozen=True)
class AskedType:
    """A registration as it is asked for; what is None may be anything where the type is there already.

    Attributes:
        schema_definition: None takes the pack of this name where there is no such type.
    """

    schema_name: str
    schema_definition: Document | None = None
    description: str | None = None
    rules: TypeRules | None = None


@dataclass(frozen=True)
class WantedType:
    """A type as it is to be made.

    Attributes:
        preferred_prefix: of its keys, unless another type has it; the one in the rules is not negotiable.
    """

    schema_name: str
    schema_definition: Document
    description: str | None
    rules: TypeRules
    preferred_prefix: str | None = None


def refuse_unfit(asked: AskedType) -> None:
    """Refuse what cannot be a type whatever the project has.

    Raises:
        InvalidInput: its name. InvalidType.
    """
    if not TYPE_NAME.fullmatch(asked.schema_name) or len(asked.schema_name) > MAX_NAME_LENGTH:
        raise InvalidInput(
            f"schema_name: {asked.schema_name[:80]!r} cannot be the name of a type",
            hint=f"Lower-case letters, digits and _, no digit first, {MAX_NAME_LENGTH} characters at most: test_run.",
        )
    if asked.schema_definition is not None:
        refuse_unfit_type(asked.schema_definition, asked.rules or TypeRules())


def wanted_type(asked: AskedType) -> WantedType:
    """Return what is made where there is no type of this name.

    Raises:
        TypeNotFound: there is no such pack. InvalidType: the rules do not fit the pack.
    """
    if asked.schema_definition is not None:
        return WantedType(asked.schema_name, asked.schema_definition, asked.description, asked.rules or TypeRules())
    pack = read_pack(asked.schema_name)
    if asked.rules is not None:
        refuse_unfit_type(pack.schema_definition, asked.rules)
    return WantedType(
        asked.schema_name,
        pack.schema_definition,
        asked.description or pack.description,
        asked.rules or _without_prefix(pack.rules),
        preferred_prefix=pack.rules.key_prefix,
    )


def refuse_another(known: StoredType, asked: AskedType) -> None:
    """Refuse to register a type that is there, and is not what is asked for.

    Raises:
        TypeExists: naming what differs.
    """
    rules = asked.rules
    pairs = {
        "schema_definition": (asked.schema_definition, known.schema_definition),
        "description": (asked.description, known.description),
        "rules": (rules and _without_prefix(rules), _without_prefix(known.rules)),
        "rules.key_prefix": (rules and rules.key_prefix, known.key_prefix),
    }
    differing = [name for name, (wanted, there) in pairs.items() if wanted is not None and wanted != there]
    if differing:
        said = f"the project has a type {known.schema_name!r}, version {known.version}, that is another"
        raise TypeExists(
            f"{said}: {', '.join(differing)} differ",
            hint="Look at it with get_entity_type, and change it with evolve_entity_type (tools of the profile types).",
            version=known.version,
            differing=differing,
        )


def chosen_prefix(wanted: WantedType, owners: Mapping[str, str]) -> str:
    """Return what the keys of a new type begin with.

    Args:
        owners: the types of the project by their prefixes.

    Raises:
        TypeExists: another type has the prefix that the rules ask for.
    """
    asked = wanted.rules.key_prefix
    if asked is not None and asked in owners:
        raise TypeExists(
            f"the keys of type {owners[asked]!r} begin with {asked!r} already",
            hint="Choose another key_prefix in the rules, or none: one is made from the name.",
        )
    return asked or free_prefix(wanted.schema_name, set(owners), preferred=wanted.preferred_prefix)


def free_prefix(schema_name: str, taken: set[str], *, preferred: str | None = None) -> str:
    """Return the preferred prefix, or the shortest beginning of the name, in capitals, that no other type has.

    T, then TA, TAS, TASK, TASK_2.
    """
    letters = (schema_name.upper().lstrip("_0123456789") or "X")[:MAX_PREFIX_LENGTH]
    beginnings = [letters[:length] for length in range(1, len(letters) + 1)]
    numbered = [f"{letters}_{number}" for number in range(2, len(taken) + 3)]
    candidates = [*([preferred] if preferred else []), *beginnings, *numbered]
    return next(each for each in candidates if each not in taken)


def _without_prefix(rules: TypeRules) -> TypeRules:
    return rules.model_copy(update={"key_prefix": None})
