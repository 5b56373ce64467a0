"""One database by flags and variables, as the founding design's command lines have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moorage.databases.alone import instructions, parse_flags, settings_from
from moorage.databases.definitions import DirectPostgres, Origin, RdsDataApi
from moorage.databases.errors import InvalidDefinition
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.catalog import known_from
from moorage.databases.sources.configuration import HOUSE_SECTIONS, SECTIONS
from moorage.databases.sources.single import VARIABLES, single_of_variables
from moorage.settings import Settings

CLUSTER = "arn:aws:rds:region:account:cluster:primary"
SECRET_ARN = "arn:aws:secretsmanager:region:account:secret:primary"


def settings(flags: str = "", **environment: str) -> DatabasesSettings:
    environment = {"MOORAGE_HOME": "nowhere", **environment}
    return settings_from(parse_flags(flags.split()), environment)


def only(found: DatabasesSettings) -> Any:
    (definition,) = found.databases.values()
    return definition


def refusal(flags: str = "", **environment: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        settings(flags, **environment)
    return caught.value.message


class TestFlags:
    @pytest.mark.parametrize("line", ["--resource_arn {} --secret_arn {}", "--resource-arn {} --secret-arn {}"])
    def test_of_the_design_name_a_cluster(self, line: str):
        """Founding design 5, "Single Database Mode"."""
        flags = line.format(CLUSTER, SECRET_ARN) + " --database production --region us-west-2 --readonly true"
        found = settings(flags)
        assert only(found) == RdsDataApi(
            type="rds_data_api",
            resource_arn=CLUSTER,
            secret_arn=SECRET_ARN,
            database="production",
            region="us-west-2",
            readonly=True,
        )
        assert found.default_database == "production"

    def test_name_a_server(self):
        found = settings("--hostname db --port 5433 --database shop --username me --readonly false")
        assert only(found) == DirectPostgres(hostname="db", port=5433, database="shop", username="me", readonly=False)

    def test_take_a_url(self):
        found = settings("--url postgresql://me@db:5433/shop", POSTGRES_DATABASE="other")
        assert (list(found.databases), only(found).database) == (["shop"], "shop")

    @pytest.mark.parametrize("word", ["yes", "1", "ture", ""])
    def test_of_readonly_take_true_and_false_only(self, word: str):
        assert "readonly: takes true or false" in refusal(f"--database shop --readonly={word}")

    def test_win_over_their_variables(self):
        found = settings("--database shop --port 1", POSTGRES_DATABASE="other", POSTGRES_PORT="2", POSTGRES_USER="me")
        direct = only(found)
        assert isinstance(direct, DirectPostgres)
        assert (direct.database, direct.port, direct.username) == ("shop", 1, "me")

    def test_of_two_ways_contradict_each_other(self):
        assert "give one of the two" in refusal(f"--resource_arn {CLUSTER} --hostname db --database shop")

    def test_without_a_database_are_refused(self):
        assert "POSTGRES_DATABASE" in refusal("--hostname db")

    def test_that_are_wrong_are_named(self):
        assert "databases.shop.port: should be a whole number" in refusal("--database shop --port no")

    def test_are_never_read_as_variables(self):
        assert only(settings("--database shop --username ${HOME}")).username == "${HOME}"


class TestVariables:
    def test_of_the_design_name_a_cluster(self):
        """Founding design 5, "streamable-http Transport"."""
        found = settings(POSTGRES_RESOURCE_ARN=CLUSTER, POSTGRES_SECRET_ARN=SECRET_ARN, POSTGRES_DATABASE="production")
        assert isinstance(only(found), RdsDataApi)

    def test_are_all_taken(self):
        environment = {
            "POSTGRES_DATABASE": "shop",
            "POSTGRES_HOSTNAME": "db",
            "POSTGRES_HOST": "not this one",
            "POSTGRES_PORT": "5433",
            "POSTGRES_USER": "me",
            "POSTGRES_PASSWORD": "${word}",
            "POSTGRES_READONLY": "FALSE",
        }
        found = only(settings(**environment))
        assert isinstance(found, DirectPostgres)
        assert found.password is not None
        assert (found.hostname, found.port, found.readonly) == ("db", 5433, False)
        assert found.password.get_secret_value() == "${word}"

    @pytest.mark.parametrize("name", VARIABLES)
    def test_set_fields_that_exist(self, name: str):
        assert name in DirectPostgres.model_fields or name in RdsDataApi.model_fields

    def test_that_are_empty_are_not_set(self):
        assert "database: is missing" in refusal(POSTGRES_DATABASE="")


class TestBesideTheRegistry:
    """In the house POSTGRES_HOST, _PORT, _USER and _PASSWORD are the registry's."""

    def test_its_variables_describe_no_database(self):
        assert single_of_variables({"POSTGRES_HOST": "db", "POSTGRES_DATABASE": "shop"}, beside_registry=True) == {}

    def test_a_hostname_describes_one_that_takes_no_login_of_the_registry(self):
        environment = {
            "POSTGRES_HOST": "registry",
            "POSTGRES_USER": "moorage",
            "POSTGRES_PASSWORD": "of the registry",
            "POSTGRES_HOSTNAME": "db",
            "POSTGRES_DATABASE": "shop",
        }
        assert single_of_variables(environment, beside_registry=True) == {"hostname": "db", "database": "shop"}

    def test_with_the_embedded_server_the_login_is_that_of_the_database(self):
        environment = {"POSTGRES_USER": "me", "POSTGRES_HOSTNAME": "db", "POSTGRES_DATABASE": "shop"}
        assert single_of_variables(environment, beside_registry=True)["username"] == "me"

    def test_a_cluster_takes_no_login(self):
        environment = {"POSTGRES_USER": "me", "POSTGRES_RESOURCE_ARN": CLUSTER, "POSTGRES_DATABASE": "shop"}
        assert "username" not in single_of_variables(environment, beside_registry=True)


class TestBesideAFile:
    def test_both_are_there_and_the_one_is_the_default(self, tmp_path: Path):
        file = tmp_path / "databases.yaml"
        file.write_text("default_database: lab\ndatabases:\n  lab:\n    database: lab\n")
        found = settings(f"--config {file} --database shop")
        origins = {each.id: each.origin for each in known_from(found).databases.values()}
        assert (origins, found.default_database) == ({"lab": Origin.FILE, "shop": Origin.FLAGS}, "shop")

    def test_an_id_in_both_is_refused(self, tmp_path: Path):
        file = tmp_path / "databases.yaml"
        file.write_text("databases:\n  shop:\n    database: lab\n")
        assert "two places" in refusal(f"--config {file} --database shop")

    def test_without_any_flag_the_file_beside_is_read_and_else_that_of_added_databases(self, tmp_path: Path):
        (tmp_path / "databases.yaml").write_text("databases:\n  added:\n    database: lab\n")
        assert list(settings(MOORAGE_HOME=str(tmp_path)).databases) == ["added"]
        Path("moorage.yaml").write_text("databases:\n  beside:\n    database: lab\n")
        assert list(settings(MOORAGE_HOME=str(tmp_path)).databases) == ["beside"]
        assert list(settings("--database shop", MOORAGE_HOME=str(tmp_path)).databases) == ["shop"]

    def test_variables_of_other_programs_describe_nothing(self, tmp_path: Path):
        file = tmp_path / "databases.yaml"
        file.write_text("databases:\n  lab:\n    database: lab\n")
        assert list(settings(f"--config {file}", POSTGRES_HOST="db").databases) == ["lab"]

    def test_sections_of_the_house_have_no_meaning(self, tmp_path: Path):
        file = tmp_path / "moorage.yaml"
        file.write_text("server:\n  port: 8001\ndatabases:\n  lab:\n    database: lab\n")
        assert list(settings(f"--config {file}").databases) == ["lab"]

    def test_sections_that_nobody_knows_are_refused(self, tmp_path: Path):
        file = tmp_path / "databases.yaml"
        file.write_text("databses:\n  lab:\n    database: lab\n")
        assert refusal(f"--config {file}") == "databses: there is no such field; did you mean databases?"

    def test_every_section_of_the_house_is_known(self):
        assert {*SECTIONS, *HOUSE_SECTIONS} == set(Settings.model_fields)

    def test_settings_of_all_databases_are_checked_as_well(self, tmp_path: Path):
        file = tmp_path / "databases.yaml"
        file.write_text("sql:\n  max_connection: 5\n")
        assert "sql.max_connection: there is no such field; did you mean max_connections" in (
            refusal(f"--config {file}")
        )


class TestReadableIds:
    @pytest.mark.parametrize(
        ("name", "expected"), [("shop", "shop"), ("my shop", "my_shop"), ("-x", "_-x"), ("project:x", "project_x")]
    )
    def test_are_the_names_of_databases(self, name: str, expected: str):
        assert list(settings_from(parse_flags([f"--database={name}"]), {}).databases) == [expected]


def test_instructions_name_the_default_and_a_handful():
    databases = {f"db_{number:03}": DirectPostgres(database="x") for number in range(500)}
    text = instructions(DatabasesSettings(databases=databases, default_database="db_250"))
    assert "db_000, db_001" in text
    assert "and 492 more" in text
    assert "mean db_250" in text
    assert len(text) < 500


def test_a_level_of_logging_that_there_is_not_is_refused_as_a_flag(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse_flags(["--database=shop", "--log-level=nonsense"])
    assert "DEBUG" in capsys.readouterr().err
    assert parse_flags(["--log-level=debug"]).log_level == "DEBUG"
