"""Databases among the settings of the whole program: where they come from, and what is said when one is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moorage import cli
from moorage.core.errors import InvalidInput
from moorage.databases.definitions import Origin
from moorage.databases.sources.catalog import known_from
from moorage.settings import load_settings, setting_rows

SECRET = "hunter2"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOORAGE_HOME", str(tmp_path))
    return tmp_path


def databases() -> Any:
    return load_settings().of_system("databases")


def write_file(text: str) -> None:
    Path("moorage.yaml").write_text(text, encoding="utf-8")


def refusal() -> str:
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert SECRET not in caught.value.as_text()
    return caught.value.message


class TestWhereTheyComeFrom:
    def test_the_file_of_the_program_describes_them(self, home: Path):
        write_file("default_database: shop\nsql: {defaults: {port: 6432}}\ndatabases: {shop: {database: shop}}\n")
        found = databases()
        assert (found.default_database, found.databases["shop"].port) == ("shop", 6432)
        assert found.file == Path("moorage.yaml").absolute()

    def test_without_that_those_added_are_kept_in_the_data_folder(self, home: Path):
        added = home / "databases.yaml"
        added.write_text("databases: {lab: {database: lab, password_file: secret}}\n")
        found = databases()
        assert (list(found.databases), found.file) == (["lab"], added)
        assert found.databases["lab"].password_file == str(home / "secret")

    def test_both_files_add_up(self, home: Path):
        write_file("default_database: lab\nsql: {defaults: {port: 6432}}\ndatabases: {shop: {database: shop}}\n")
        (home / "databases.yaml").write_text("databases: {lab: {database: lab}}\n")
        found = databases()
        assert ({name: each.port for name, each in found.databases.items()}, found.default_database) == (
            {"shop": 6432, "lab": 6432},
            "lab",
        )

    def test_an_id_in_both_files_is_refused(self, home: Path):
        write_file("databases: {shop: {database: shop}}\n")
        (home / "databases.yaml").write_text("databases: {shop: {database: other}}\n")
        places = f"{home / 'databases.yaml'}, and {Path('moorage.yaml').absolute()} or variables"
        assert refusal() == f"databases.shop: is described in two places ({places}); keep one"

    def test_variables_describe_one(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("POSTGRES_HOSTNAME", "db")
        monkeypatch.setenv("POSTGRES_DATABASE", "shop")
        found = databases()
        assert (found.default_database, found.databases["shop"].hostname) == ("shop", "db")
        assert known_from(found).databases["shop"].origin is Origin.FLAGS

    def test_variables_of_the_registry_describe_none(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("POSTGRES_HOST", "registry")
        monkeypatch.setenv("POSTGRES_DATABASE", "shop")
        assert databases().databases == {}

    def test_our_own_variables_change_a_field(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        write_file("databases: {shop: {database: shop}}\n")
        monkeypatch.setenv("MOORAGE_DATABASES__SHOP__PORT", "5433")
        assert databases().databases["shop"].port == 5433


class TestReadingAgain:
    def test_follows_every_file(self, home: Path):
        found = databases()
        assert found.watched == (Path("moorage.yaml").absolute(), home / "databases.yaml")
        write_file("databases: {shop: {database: shop}}\n")
        (home / "databases.yaml").write_text("databases: {lab: {database: lab}}\n")
        assert found.read_again is not None
        assert set(found.read_again().databases) == {"shop", "lab"}

    def test_refuses_a_file_that_is_gone(self, home: Path):
        write_file("databases: {shop: {database: shop}}\n")
        found = databases()
        Path("moorage.yaml").unlink()
        assert found.read_again is not None
        with pytest.raises(InvalidInput, match="is gone"):
            found.read_again()


class TestWhatIsSaid:
    def test_of_every_wrong_field_at_once(self, home: Path):
        write_file(
            "server: {port: many}\ndefault_database: shp\n"
            f"databases:\n  shop: {{database: shop, prt: 1, password: [{SECRET}]}}\n  lab: {{}}\n"
        )
        message = refusal()
        for part in ("server.port", "databases.shop.prt", "databases.shop.password", "databases.lab.database", "shp"):
            assert part in message

    def test_of_wrong_text_nothing_but_its_place(self, home: Path):
        write_file(f"databases:\n  shop:\n    password: *{SECRET}\n")
        assert "moorage.yaml does not hold settings near line 3" in refusal()
        Path("moorage.yaml").unlink()
        (home / "databases.yaml").write_text(f"databases: [{SECRET}\n")
        assert "databases.yaml does not hold settings" in refusal()

    @pytest.mark.parametrize("text", [f"sql: {{defaults: {SECRET}}}", f"sql: {{defaults: [{SECRET}]}}", "sql: [5]"])
    def test_of_defaults_that_are_no_section_nothing_of_them(self, home: Path, text: str):
        (home / "databases.yaml").write_text("databases: {lab: {database: lab}}\n")
        write_file(text)
        assert refusal().startswith("sql")

    def test_of_databases_that_are_a_list_what_they_should_be(self, home: Path):
        (home / "databases.yaml").write_text(f"databases:\n  - [{SECRET}]\n")
        assert refusal() == "databases: is no mapping of ids to definitions"

    @pytest.mark.parametrize("arguments", [["settings"], ["settings", "--json"]])
    def test_by_the_command_holds_no_secret(self, home: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
        write_file(
            f"sql: {{defaults: {{password: {SECRET}}}}}\n"
            f"databases: {{shop: {{database: shop}}, lab: {{url: 'postgresql://me:{SECRET}@db/lab'}}}}\n"
            "queries: {one: {description: One., sql: SELECT 1}}\n"
        )
        shown = CliRunner().invoke(cli.app, arguments)
        assert (shown.exit_code, SECRET in shown.output, "shop" in shown.output) == (0, False, True)

    def test_by_a_row_is_the_ids(self, home: Path):
        write_file("databases: {shop: {database: shop}, lab: {database: lab}}\n")
        rows = {row.name: row.value for row in setting_rows(load_settings())}
        assert (rows["databases"], rows["sql.defaults"]) == ("shop, lab", "")
