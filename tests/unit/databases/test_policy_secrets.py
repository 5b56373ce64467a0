"""Secrets are asked for in more ways than by their names."""

from __future__ import annotations

import pytest

from moorage.databases.policy.parsing import parse
from moorage.databases.policy.secrets import reads_every_setting, reveals_subscriptions
from moorage.databases.policy.trees import collect


def mentioned(sql: str):
    return collect(parse(sql)[0])


@pytest.mark.parametrize(
    "sql",
    [
        "SHOW ALL",
        'SHOW "All"',
        "SELECT * FROM pg_settings",
        "SELECT pg_show_all_settings()",
        "SELECT current_setting('archive' || '_command')",
        "SELECT current_setting('archive_command, cut'::varchar(15))",
        "SELECT current_setting('archive_command, cut'::char(15)::text)",
        "SELECT ('archive_command'::text).current_setting",
    ],
)
def test_a_setting_that_is_not_named_may_be_any(sql):
    assert reads_every_setting(mentioned(sql))


@pytest.mark.parametrize("sql", ["SHOW work_mem", "SELECT current_setting('work_mem'::pg_catalog.text)"])
def test_a_setting_that_is_named_is_that_one(sql):
    assert not reads_every_setting(mentioned(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT subconninfo FROM pg_subscription",
        "SELECT s FROM pg_subscription AS s",
        "SELECT b FROM pg_subscription AS s (a, b)",
        "SELECT j FROM (pg_subscription CROSS JOIN (SELECT 1) AS o) AS j",
        "SELECT j.b FROM (pg_subscription CROSS JOIN (SELECT 1) AS o) AS j (a, b)",
    ],
)
def test_a_login_is_revealed_under_any_name(sql):
    assert reveals_subscriptions(mentioned(sql))


def test_names_of_subscriptions_reveal_nothing():
    assert not reveals_subscriptions(mentioned("SELECT s.subname FROM pg_subscription AS s JOIN pg_class ON true"))
