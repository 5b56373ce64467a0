"""Asking a database whether what a statement reads shows secrets, where its names alone do not tell.

Secrets that nobody has set are no reason to refuse what reads everything: `pg_settings`, `pg_stats`, `pg_roles`.
"""

from __future__ import annotations

from moorage.databases.connectors.session import Session
from moorage.databases.errors import StatementRefused
from moorage.databases.policy import store
from moorage.databases.policy.bodies import mentions_of
from moorage.databases.policy.functions import Objection
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.secrets import (
    KEPT_OPTIONS,
    KEPT_SETTINGS,
    PARTS_OF_VALUES,
    SAMPLES,
    SECRET_RELATIONS,
    SECRET_SETTINGS,
    SETTINGS,
    SUBSCRIPTIONS,
    asks_any_setting,
    check_settings_named,
    is_secret_option,
    is_secret_setting,
    reads_every_setting,
    reveals_kept,
    reveals_subscriptions,
)
from moorage.databases.policy.store import Relation

_FILE_WRAPPER = "file_fdw_handler"
_OTHERS = "Name the settings, or the columns, that hold none."
_SHOWN_NAMES = 5


async def check_settings(mentions: Mentions, session: Session) -> None:
    """Refuse what shows a setting that holds a secret.

    Raises:
        StatementRefused: with the setting's name.
    """
    check_settings_named(mentions)
    objection = await _of_all(session) if reads_every_setting(mentions) else None
    if objection is None and asks_any_setting(mentions):
        objection = await _of_kept(session)
    if objection is not None:
        raise StatementRefused(f"this is refused: {objection.why}", hint=objection.way_out)


async def objection_to_reading(relation: Relation, mentions: Mentions, session: Session) -> Objection | None:
    """Return why a relation is not read, by what it holds.

    Raises:
        StatementRefused: it is a view, and shows a setting that holds a secret.
    """
    if relation.settings_text is not None:
        await check_settings(mentions_of(relation.settings_text), session)
    if relation.wrapper == _FILE_WRAPPER:
        return Objection("it reads a file or a program of the server", "")
    if relation.schema == PARTS_OF_VALUES:
        return Objection("it holds parts of other tables' values", "")
    named = (relation.schema, relation.name)
    if named in SECRET_RELATIONS:
        return Objection(*SECRET_RELATIONS[named])
    return await _by_columns(relation, named, mentions, session)


async def _by_columns(
    relation: Relation, named: tuple[str, str], mentions: Mentions, session: Session
) -> Objection | None:
    """Look at relations that hold secrets among other things; behind a view, all their columns count as read."""
    if named == SUBSCRIPTIONS and (reveals_subscriptions(mentions) or not relation.is_named):
        return Objection("it holds logins of other servers", "Name the columns other than subconninfo.")
    if named in KEPT_SETTINGS and (reveals_kept(named, mentions) or not relation.is_named):
        return await _of_kept(session)
    if named in KEPT_OPTIONS and (reveals_kept(named, mentions) or not relation.is_named):
        return _to_names(sorted(filter(is_secret_option, await store.option_kept(session))))
    if named == SETTINGS and not relation.is_named:
        return await _of_all(session)
    if relation.is_shipped and relation.name in SAMPLES and await store.sample_secret(session):
        return Objection("it holds samples of password hashes or logins", "Let a plain role read it.")
    return None


async def _of_all(session: Session) -> Objection | None:
    """Object where settings that can hold secrets hold something, and are shown to this role."""
    return _to_names(await store.setting_secret(session, SECRET_SETTINGS))


async def _of_kept(session: Session) -> Objection | None:
    """Object where databases or roles keep a setting that is a secret by its name."""
    return _to_names(sorted(filter(is_secret_setting, await store.setting_kept(session))))


def _to_names(names: list[str]) -> Objection | None:
    shown = ", ".join(names[:_SHOWN_NAMES])
    return Objection(f"it could show {shown}, which can hold secrets", _OTHERS) if names else None
