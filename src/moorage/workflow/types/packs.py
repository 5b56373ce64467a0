"""Type packs: kinds of work that ship with the program, registered when somebody wants them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from moorage.core.values import GivenValue
from moorage.workflow.errors import TypeNotFound
from moorage.workflow.types.models import TypeRules

_FOLDER = "packs"


class TypePack(GivenValue):
    """One file of the folder `packs`."""

    schema_name: str
    description: str
    schema_definition: dict[str, Any]
    rules: TypeRules = TypeRules()


@cache
def pack_names() -> tuple[str, ...]:
    """Return the names of all packs, in order."""
    folder = files("moorage.workflow.types").joinpath(_FOLDER)
    return tuple(sorted(each.name.removesuffix(".json") for each in folder.iterdir() if each.name.endswith(".json")))


@cache
def read_pack(name: str) -> TypePack:
    """Return a pack.

    Raises:
        TypeNotFound: there is none of this name; with those there are.
    """
    if name not in pack_names():
        raise TypeNotFound(
            f"there is no ready-made type {name!r}",
            hint=f"Give a schema_definition, or take one of: {', '.join(pack_names())}.",
            packs=pack_names(),
        )
    text = files("moorage.workflow.types").joinpath(_FOLDER, f"{name}.json").read_text(encoding="utf-8")
    return TypePack.model_validate_json(text)
