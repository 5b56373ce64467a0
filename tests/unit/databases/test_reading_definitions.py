"""Definitions as people write them: what is taken, and every way to write a field wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moorage.databases.definitions import DirectPostgres, Limits, Policy, RdsDataApi, SshTunnel, StatementKind
from moorage.databases.errors import InvalidDefinition
from moorage.databases.sources.reading import Surroundings, read_definitions

SECRET = "hunter2"
DIRECT: dict[str, Any] = {"database": "shop"}
DATA_API: dict[str, Any] = {
    "type": "rds_data_api",
    "database": "shop",
    "resource_arn": "arn:aws:rds:region:account:cluster:primary",
    "secret_arn": "arn:aws:secretsmanager:region:account:secret:primary",
}
# A wrong value of every field, and a part of what is said of it.
WRONG_POLICY: dict[str, tuple[Any, str]] = {
    "tags": (["a,b"], "got 'a,b'"),
    "limits": ("small", "section"),
    "pool_size": (0, "got '0'"),
    "role": ("", "at least 1"),
    "search_path": ("public", "list"),
    "allowed_schemas": ("public", "list"),
    "denied_schemas": ({"public": True}, "list"),
    "allowed_tables": ("public.users", "list"),
    "denied_tables": ([1], "quotes"),
    "allowed_functions": ("now", "list"),
    "denied_functions": ("now", "list"),
    "require_least_privilege": ("perhaps", "true or false, got 'perhaps'"),
}
WRONG_DEFINITION: dict[str, tuple[Any, str]] = {
    **WRONG_POLICY,
    "description": ("x" * 501, "500"),
    "database": ("", "at least 1"),
    "readonly": ("ture", "true or false, got 'ture'"),
    "writes": (["insret"], "got 'insret'; did you mean insert"),
    "require_confirmation": ("perhaps", "true or false"),
}
WRONG_DIRECT: dict[str, tuple[Any, str]] = {
    **WRONG_DEFINITION,
    "type": ("direct_postgress", "did you mean direct_postgres"),
    "hostname": ("db one", "space"),
    "port": (70_000, "got '70000'"),
    "username": (5, "quotes"),
    "password": (12345, "quotes"),
    "password_file": ("", "at least 1"),
    "secret_arn": (5, "quotes"),
    "region": ("", "at least 1"),
    "sslmode": ("verify_full", "did you mean verify-full"),
    "sslrootcert": (5, "quotes"),
    "sslcert": ("", "at least 1"),
    "sslkey": ("", "at least 1"),
    "target_session": ("standbye", "did you mean standby"),
    "ssh": ("bastion", "section"),
}
WRONG_DATA_API: dict[str, tuple[Any, str]] = {
    **WRONG_DEFINITION,
    "type": ("rds-data-api", "did you mean rds_data_api"),
    "resource_arn": ("arn:aws:rds:cluster", "got 'arn:aws:rds:cluster'"),
    "secret_arn": ("primary", "got 'primary'"),
    "region": (7, "quotes"),
}
WRONG_LIMITS: dict[str, tuple[Any, str]] = {
    "rows": (0, "got '0'"),
    "max_rows": (1_000_000, "got '1000000'"),
    "bytes": ("many", "size"),
    "max_bytes": ("1TB", "got '1TB'"),
    "cell_characters": (1, "got '1'"),
    "statement_seconds": ("soon", "number, got 'soon'"),
    "lock_seconds": (-1, "got '-1'"),
    "work_memory": (10, "got '10'"),
    "temporary_files": (-5, "got '-5'"),
}
WRONG_SSH: dict[str, tuple[Any, str]] = {
    "host": ("", "at least 1"),
    "port": ("ssh", "whole number, got 'ssh'"),
    "identity_file": (5, "quotes"),
}


def read(definition: Any, name: Any = "shop", **surroundings: Any) -> Any:
    return read_definitions({name: definition}, Surroundings(**surroundings))[name]


def refusal(databases: Any, *, default: str | None = None, **surroundings: Any) -> InvalidDefinition:
    with pytest.raises(InvalidDefinition) as caught:
        read_definitions(databases, Surroundings(**surroundings), default=default)
    assert SECRET not in caught.value.as_text()
    return caught.value


class TestEveryField:
    @pytest.mark.parametrize(
        ("table", "model", "others"),
        [
            (WRONG_DIRECT, DirectPostgres, {}),
            (WRONG_DATA_API, RdsDataApi, {}),
            (WRONG_LIMITS, Limits, {}),
            (WRONG_SSH, SshTunnel, {}),
            (WRONG_POLICY, Policy, {}),
        ],
    )
    def test_has_a_wrong_value_here(self, table: dict[str, Any], model: Any, others: dict[str, Any]):
        assert set(table) | set(others) == set(model.model_fields)

    @pytest.mark.parametrize("field", WRONG_DIRECT)
    def test_of_a_direct_connection_is_named_when_it_is_wrong(self, field: str):
        self.is_named({**DIRECT, field: WRONG_DIRECT[field][0]}, field, WRONG_DIRECT[field][1])

    @pytest.mark.parametrize("field", WRONG_DATA_API)
    def test_of_the_data_api_is_named_when_it_is_wrong(self, field: str):
        self.is_named({**DATA_API, field: WRONG_DATA_API[field][0]}, field, WRONG_DATA_API[field][1])

    @pytest.mark.parametrize("field", WRONG_LIMITS)
    def test_of_limits_is_named_when_it_is_wrong(self, field: str):
        value, said = WRONG_LIMITS[field]
        self.is_named({**DIRECT, "limits": {field: value}}, f"limits.{field}", said)

    @pytest.mark.parametrize("field", WRONG_SSH)
    def test_of_a_tunnel_is_named_when_it_is_wrong(self, field: str):
        value, said = WRONG_SSH[field]
        self.is_named({**DIRECT, "ssh": {"host": "bastion", field: value}}, f"ssh.{field}", said)

    @staticmethod
    def is_named(definition: dict[str, Any], field: str, said: str) -> None:
        message = refusal({"shop": definition}).message
        assert f"databases.shop.{field}" in message
        assert said in message

    def test_all_wrong_at_once_are_all_named(self):
        wrong = {name: value for name, (value, _) in WRONG_DIRECT.items() if name != "type"}
        message = refusal({"shop": wrong, "lab": wrong}).message
        for name in wrong:
            assert f"databases.shop.{name}" in message
            assert f"databases.lab.{name}" in message


class TestUnknownFields:
    def test_are_refused_with_the_nearest(self):
        assert "databases.shop.readony: there is no such field; did you mean readonly" in (
            refusal({"shop": {**DIRECT, "readony": False}}).message
        )

    def test_inside_sections_are_refused_with_the_nearest(self):
        message = refusal({"shop": {**DIRECT, "limits": {"row": 5}}}).message
        assert "databases.shop.limits.row: there is no such field; did you mean rows" in message

    def test_of_the_other_type_are_said_to_be(self):
        assert "databases.shop.hostname: belongs to type: direct_postgres" in (
            refusal({"shop": {**DATA_API, "hostname": "db"}}).message
        )

    def test_never_show_what_may_be_a_password(self):
        assert "pasword" in refusal({"shop": {**DIRECT, "pasword": SECRET}}).message


class TestSecrets:
    @pytest.mark.parametrize(
        "definition",
        [
            {**DIRECT, "password": [SECRET]},
            {**DIRECT, "password": {"is": SECRET}},
            {**DIRECT, "hostname": f"postgresql://me:{SECRET}@db"},
            {"database": f"postgresql://me:{SECRET}@db/shop" + "x" * 60},
            {**DIRECT, "port": f"password={SECRET}"},
            {"url": f"postgres//me:{SECRET}@db/shop"},
            {"url": f"postgresql://me:{SECRET}@[db/shop"},
            {"url": f"postgresql://me:{SECRET}@db/shop?sslmode=bad"},
            {"url": f"postgresql://me:{SECRET}@db:port/shop"},
            {"url": f"postgresql://me:{SECRET}@db/shop?pasword={SECRET}"},
            {**DATA_API, "password": SECRET},
            {"type": "direct_postgress", "password": SECRET},
            f"postgresql://me:{SECRET}@db/shop",
            [SECRET],
        ],
    )
    def test_stay_out_of_what_is_said(self, definition: Any):
        refusal({"shop": definition})

    def test_from_variables_stay_out_of_what_is_said(self):
        message = refusal({"shop": {**DIRECT, "port": "${PORT}"}}, environment={"PORT": SECRET}).message
        assert "got '${PORT}'" in message

    def test_have_one_place_only(self):
        message = refusal({"shop": {**DIRECT, "password": SECRET, "secret_arn": "arn:aws:x"}}).message
        assert "password and secret_arn each say the password; keep one" in message


class TestIds:
    @pytest.mark.parametrize("name", ["", "a/b", "ä", "-a", "a b", "x" * 101, "shop?user=x", 5, None, True])
    def test_follow_a_rule(self, name: Any):
        assert "is no id" in refusal({name: DIRECT}).message

    def test_of_projects_are_reserved(self):
        assert "projects" in refusal({"project:website": DIRECT}).message

    @pytest.mark.parametrize("name", ["primary", "billing-eu.2026", "a:b", "_", "9"])
    def test_that_follow_it_are_taken(self, name: str):
        assert read(DIRECT, name).database == "shop"


class TestUrls:
    def test_stand_in_place_of_the_parts(self):
        assert read(
            {"url": "postgresql://me:pass%40word@db:5433/shop?sslmode=require"}
        ) == DirectPostgres.model_validate(
            {
                "hostname": "db",
                "port": 5433,
                "database": "shop",
                "username": "me",
                "password": "pass@word",
                "sslmode": "require",
            }
        )

    def test_say_nothing_a_second_time(self):
        message = refusal({"shop": {"url": "postgresql://db/shop", "hostname": "other"}}).message
        assert "databases.shop.hostname: is in the url as well" in message

    def test_may_come_from_a_variable(self):
        found = read({"url": "${SHOP_URL}"}, environment={"SHOP_URL": "postgresql://me@db/shop"})
        assert (found.database, found.username) == ("shop", "me")


class TestDefaults:
    def test_fill_what_a_definition_does_not_say(self):
        found = read(
            {"database": "shop", "limits": {"rows": 5}},
            defaults={"username": "reader", "limits": {"rows": 9, "max_rows": 50}, "port": 6432},
        )
        assert (found.username, found.port, found.limits.rows, found.limits.max_rows) == ("reader", 6432, 5, 50)

    def test_leave_out_what_a_type_has_no_field_for(self):
        assert read(DATA_API, defaults={"hostname": "db", "pool_size": 2}).pool_size == 2

    def test_give_no_password_to_who_has_one(self):
        found = read({**DIRECT, "password_file": "/run/shop"}, defaults={"password": SECRET})
        assert (found.password, found.password_file) == (None, "/run/shop")

    def test_give_way_to_a_url(self):
        found = read({"url": "postgresql://me@db/shop"}, defaults={"username": "reader", "hostname": "other"})
        assert (found.hostname, found.username) == ("db", "me")

    def test_that_are_wrong_are_named_once_and_where_they_stand(self):
        message = refusal({"a": DIRECT, "b": DIRECT}, defaults={"port": "no"}).message
        assert message == "sql.defaults.port: should be a whole number, got 'no'"

    def test_are_known_fields_that_can_be_the_same_for_all(self):
        message = refusal({}, defaults={"usrname": "me", "database": "shop"}).message
        assert "sql.defaults.usrname: there is no such field; did you mean username" in message
        assert "sql.defaults.database: each database has its own" in message


class TestVariables:
    def test_are_replaced_all_the_way_down(self):
        found = read(
            {**DIRECT, "limits": {"rows": "${ROWS}"}, "tags": ["${STAGE:-test}"], "description": "$${KEPT}"},
            environment={"ROWS": "7"},
        )
        assert (found.limits.rows, found.tags, found.description) == (7, ("test",), "${KEPT}")

    @pytest.mark.parametrize("value", ["${MISSING}", "${EMPTY}", "a${MISSING}b"])
    def test_that_are_missing_or_empty_are_named_with_their_field(self, value: str):
        message = refusal({"shop": {**DIRECT, "username": value}}, environment={"EMPTY": ""}).message
        assert "databases.shop.username: the variable" in message

    def test_that_have_no_name_are_refused(self):
        assert "databases.shop.username" in refusal({"shop": {**DIRECT, "username": "${1X}"}}).message


class TestFiles:
    def test_of_definitions_lie_beside_the_configuration(self, tmp_path: Path):
        found = read({**DIRECT, "password_file": "secrets/shop"}, folder=tmp_path)
        assert found.password_file == str(tmp_path / "secrets/shop")

    def test_with_a_path_of_their_own_keep_it(self, tmp_path: Path):
        assert read({**DIRECT, "sslrootcert": "/etc/ca.pem"}, folder=tmp_path).sslrootcert == "/etc/ca.pem"


class TestTheWhole:
    def test_the_design_is_taken_as_it_stands(self):
        """Founding design 5, "Multi-Database Mode"."""
        found = read_definitions(
            {
                "primary": {
                    "type": "rds_data_api",
                    "resource_arn": "arn:aws:rds:region:account:cluster:primary",
                    "secret_arn": "arn:aws:secretsmanager:region:account:secret:primary",
                    "database": "production",
                    "region": "us-west-2",
                    "readonly": True,
                },
                "analytics": {
                    "type": "direct_postgres",
                    "hostname": "analytics.company.com",
                    "port": 5432,
                    "secret_arn": "arn:aws:secretsmanager:region:account:secret:analytics",
                    "database": "warehouse",
                    "region": "us-west-2",
                    "readonly": True,
                },
            },
            Surroundings(),
            default="primary",
        )
        assert [type(each) for each in found.values()] == [RdsDataApi, DirectPostgres]

    def test_writes_are_the_kinds_of_data_unless_they_are_named(self):
        found = read({**DIRECT, "readonly": False, "writes": ["insert", "ddl"]})
        assert found.writes == (StatementKind.INSERT, StatementKind.DDL)

    def test_a_default_that_is_not_there_is_refused_with_the_nearest(self):
        assert "did you mean primary?" in refusal({"primary": DIRECT}, default="primry").message

    def test_limits_that_contradict_themselves_are_refused(self):
        message = refusal({"shop": {**DIRECT, "limits": {"rows": 5_000}}}).message
        assert message == "databases.shop.limits: rows is above max_rows; lower the one or raise the other"

    @pytest.mark.parametrize("databases", [[], "shop", 5])
    def test_that_is_no_mapping_is_refused(self, databases: Any):
        assert refusal(databases).message == "databases: is no mapping of ids to definitions"
