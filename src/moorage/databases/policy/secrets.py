"""What reveals secrets: password hashes, credentials of other servers, rules of who may log in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moorage.databases.errors import StatementRefused
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.trees import EVERY_COLUMN

_HASHES = "it holds password hashes"
_LOGINS = "it holds logins of other servers"
_RULES = "it shows files of the server"
SECRET_RELATIONS = {
    ("pg_catalog", "pg_authid"): (_HASHES, "pg_roles has everything else."),
    ("pg_catalog", "pg_shadow"): (_HASHES, "pg_user and pg_roles have everything else."),
    ("pg_catalog", "pg_user_mapping"): (_LOGINS, "pg_foreign_server has the servers."),
    ("pg_catalog", "pg_user_mappings"): (_LOGINS, "pg_foreign_server has the servers."),
    ("information_schema", "_pg_user_mappings"): (_LOGINS, "pg_foreign_server has the servers."),
    ("information_schema", "user_mapping_options"): (_LOGINS, "pg_foreign_server has the servers."),
    ("pg_catalog", "pg_dist_authinfo"): (_LOGINS, ""),
    ("vault", "decrypted_secrets"): ("it holds secrets", ""),
    ("pg_catalog", "pg_hba_file_rules"): (_RULES, ""),
    ("pg_catalog", "pg_ident_file_mappings"): (_RULES, ""),
    ("pg_catalog", "pg_file_settings"): (_RULES, "pg_settings has what holds."),
    ("pg_catalog", "pg_largeobject"): ("it holds large objects, of which any can be a file", ""),
}
SETTINGS = ("pg_catalog", "pg_settings")
SUBSCRIPTIONS = ("pg_catalog", "pg_subscription")
KEPT_SETTINGS = {
    ("pg_catalog", "pg_db_role_setting"): ("setconfig", "set"),
    ("pg_catalog", "pg_roles"): ("rolconfig", "rol"),
    ("pg_catalog", "pg_user"): ("useconfig", "use"),
}
"""Settings that databases and roles keep: the column that has them, and how all columns there begin."""
KEPT_OPTIONS = {
    ("pg_catalog", "pg_foreign_data_wrapper"): ("fdwoptions", "fdw"),
    ("pg_catalog", "pg_foreign_server"): ("srvoptions", "srv"),
    ("pg_catalog", "pg_foreign_table"): ("ftoptions", "ft"),
    ("pg_catalog", "pg_attribute"): ("attfdwoptions", "att"),
    ("information_schema", "foreign_data_wrapper_options"): ("option_value", "foreign"),
    ("information_schema", "foreign_server_options"): ("option_value", "foreign"),
    ("information_schema", "foreign_table_options"): ("option_value", "foreign"),
    ("information_schema", "column_options"): ("option_value", ("table", "column")),
    ("information_schema", "_pg_foreign_data_wrappers"): ("fdwoptions", "foreign"),
    ("information_schema", "_pg_foreign_servers"): ("srvoptions", "foreign"),
    ("information_schema", "_pg_foreign_tables"): ("ftoptions", "foreign"),
    ("information_schema", "_pg_foreign_table_columns"): ("attfdwoptions", ("nsp", "rel", "att")),
}
"""Options of what is foreign, in the same way."""
PARTS_OF_VALUES = "pg_toast"
SAMPLES = frozenset({"pg_statistic", "pg_statistic_ext_data", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"})
"""They hold values of tables, whoever may read those."""

SECRET_SETTINGS = frozenset(
    {
        "primary_conninfo", "ssl_passphrase_command", "archive_command", "restore_command",
        "archive_cleanup_command", "recovery_end_command",
    }
)  # fmt: skip
_SECRET_WORDS = re.compile(r"secret|password|passphrase|private|token|api_?key")


def is_secret_setting(name: str) -> bool:
    """Whether a setting holds commands and logins; of those with a dot, which others define, the words decide."""
    return name.lower() in SECRET_SETTINGS or ("." in name and is_secret_option(name.partition(".")[2]))


def is_secret_option(name: str) -> bool:
    """Whether an option of something foreign is a secret, by its words."""
    return bool(_SECRET_WORDS.search(name.lower()))


def check_settings_named(mentions: Mentions) -> None:
    """Refuse what names a secret setting.

    Raises:
        StatementRefused: with the setting's name.
    """
    for name in sorted(_settings_named(mentions)):
        if is_secret_setting(name):
            raise StatementRefused(f"the setting {name[:100]!r} can hold a secret", hint="Ask the operator for it.")


def reads_every_setting(mentions: Mentions) -> bool:
    """Whether a statement could show settings that it does not name."""
    if "all" in map(str.lower, mentions.settings) or any(named.name == SETTINGS[1] for named in mentions.relations):
        return True
    return asks_any_setting(mentions) or any(call.name == "pg_show_all_settings" for call in mentions.calls)


def asks_any_setting(mentions: Mentions) -> bool:
    """Whether a statement asks for one setting whose name is not seen; those that others define are no part of all."""
    return any(attribute.name == "current_setting" for attribute in mentions.attributes) or any(
        call.name == "current_setting" and call.texts[:1] == (None,) for call in mentions.calls
    )


def reveals_subscriptions(mentions: Mentions) -> bool:
    """Whether the column with the login of a subscription is read, by its name or with all others."""
    return _reads_column(mentions, SUBSCRIPTIONS[1], "subconninfo", "sub")


def reveals_kept(relation: tuple[str, str], mentions: Mentions) -> bool:
    """Whether what is kept as settings or options is read of this relation."""
    column, beginning = (KEPT_SETTINGS | KEPT_OPTIONS)[relation]
    return _reads_column(mentions, relation[1], column, beginning)


def _reads_column(mentions: Mentions, relation: str, column: str, beginning: str | tuple[str, ...]) -> bool:
    """Whether a column is read, by its name or with all others, which a function of the whole row does as well."""
    if mentions.columns & {EVERY_COLUMN, column}:
        return True
    aliases = {alias for alias, named in mentions.aliases if named is not None and named.name == relation}
    attributes = {each.name for each in mentions.attributes if each.owner in aliases}
    return bool(aliases & mentions.columns) or not all(
        each.startswith(beginning) or each == "oid" for each in attributes
    )


def _settings_named(mentions: Mentions) -> Iterator[str]:
    yield from mentions.settings
    for call in mentions.calls:
        if call.name == "current_setting" and call.texts and call.texts[0] is not None:
            yield call.texts[0]
