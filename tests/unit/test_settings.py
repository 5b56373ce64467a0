"""Where settings come from, who wins, and what is said when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.core.errors import InvalidInput
from moorage.settings import DESIGN_VARIABLES, InvalidSettings, Settings, load_settings

SECRET = "hunter2"


def write_file(text: str) -> None:
    """Write the `moorage.yaml` of the working folder, which a fixture makes for each test."""
    Path("moorage.yaml").write_text(text, encoding="utf-8")


def refusal() -> InvalidSettings:
    with pytest.raises(InvalidSettings) as caught:
        load_settings()
    assert SECRET not in caught.value.as_text()
    return caught.value


class TestWhoWins:
    def test_a_flag_wins_over_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_SERVER__PORT", "8002")
        assert load_settings({"server": {"port": 8001}}).server.port == 8001

    def test_the_environment_wins_over_the_file(self, monkeypatch: pytest.MonkeyPatch):
        write_file("server:\n  port: 8003\n")
        monkeypatch.setenv("MOORAGE_SERVER__PORT", "8002")
        assert load_settings().server.port == 8002

    def test_the_file_wins_over_the_default(self):
        write_file("server:\n  port: 8003\n")
        assert load_settings().server.port == 8003

    def test_without_anything_the_defaults_hold(self):
        assert load_settings().server.port == 8000

    def test_an_empty_variable_is_as_one_that_is_not_set(self, monkeypatch: pytest.MonkeyPatch):
        """A script whose variable was never filled would else have its data in the folder it happens to run in."""
        monkeypatch.delenv("MOORAGE_HOME", raising=False)
        default = load_settings().home
        monkeypatch.setenv("MOORAGE_HOME", "")
        assert load_settings().home == default

    def test_sources_add_up_within_a_section(self, monkeypatch: pytest.MonkeyPatch):
        write_file("server:\n  sse: true\n")
        monkeypatch.setenv("FASTMCP_PORT", "8002")
        server = load_settings({"server": {"host": "::1"}}).server
        assert (server.host, server.port, server.sse) == ("::1", 8002, True)

    def test_our_own_variable_wins_over_the_designs(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("POSTGRES_HOST", "theirs")
        monkeypatch.setenv("MOORAGE_POSTGRES__HOST", "ours")
        assert load_settings().postgres.host == "ours"


class TestTheVariablesOfTheDesigns:
    """POSTGRES_*, DATABASE_URL, OPENAI_API_KEY and FASTMCP_* keep working."""

    @pytest.mark.parametrize("variable", DESIGN_VARIABLES)
    def test_each_sets_a_setting_that_exists(self, monkeypatch: pytest.MonkeyPatch, variable: str):
        value = {"DATABASE_URL": "postgresql://db/registry"}.get(variable, "5433")
        monkeypatch.setenv(variable, value)
        section, field = DESIGN_VARIABLES[variable]
        found = getattr(getattr(load_settings(), section), field)
        assert str(getattr(found, "get_secret_value", lambda: found)()) == value

    def test_an_empty_one_is_not_set(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DATABASE_URL", "")
        monkeypatch.setenv("POSTGRES_HOST", "")
        assert load_settings() == Settings()
        assert load_settings().postgres.url is None


class TestTheFile:
    def test_that_moorage_config_names_is_read(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        file = tmp_path / "elsewhere.yaml"
        file.write_text("project: website\n", encoding="utf-8")
        monkeypatch.setenv("MOORAGE_CONFIG", str(file))
        assert load_settings().project == "website"

    def test_that_is_named_but_missing_is_told(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_CONFIG", "nowhere.yaml")
        assert "nowhere.yaml" in refusal().message

    def test_that_is_no_yaml_is_told_with_its_line(self):
        write_file(f"postgres:\n  password: {SECRET}\n  host: [\n")
        assert "moorage.yaml" in refusal().message
        assert "line" in refusal().message

    def test_that_holds_no_settings_is_told(self):
        write_file("just a sentence\n")
        assert "moorage.yaml" in refusal().message

    def test_that_is_empty_sets_nothing(self):
        write_file("")
        assert load_settings() == Settings()


class TestAWrongSetting:
    def test_is_named_with_its_value(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_SERVER__PORT", "eighty")
        assert "server.port" in refusal().message
        assert "'eighty'" in refusal().message

    def test_is_a_value_error_with_a_way_out(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_SERVER__PORT", "-1")
        assert isinstance(refusal(), InvalidInput)
        assert "moorage settings" in refusal().hint

    def test_all_of_them_are_named_at_once(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_SERVER__PORT", "-1")
        monkeypatch.setenv("MOORAGE_CONNECTIONS__BUDGET", "0")
        assert "server.port" in refusal().message
        assert "connections.budget" in refusal().message

    def test_that_does_not_exist_is_refused(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_SERVER__PROT", "8001")
        assert "server.prot" in refusal().message

    @pytest.mark.parametrize(
        "variable", ["MOORAGE_ACCESS_REQUIRED", "MOORAGE_ACESS__REQUIRED", "moorage_acess__required"]
    )
    def test_of_a_section_that_does_not_exist_is_refused(self, monkeypatch: pytest.MonkeyPatch, variable: str):
        monkeypatch.setenv(variable, "true")
        assert variable in refusal().message

    def test_that_programs_beside_the_server_read_is_not_refused(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_TOKEN", SECRET)
        assert SECRET not in str(load_settings())

    def test_that_wants_json_and_is_none_is_told(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_CODEBASE__ALLOWED_ROOTS", "/srv:/home")
        assert "codebase" in refusal().message
        assert "JSON" in refusal().hint


class TestASecretIsNotShown:
    def test_in_a_misspelt_setting(self):
        write_file(f"postgres:\n  passwort: {SECRET}\n")
        assert "postgres.passwort" in refusal().message

    def test_in_a_section_that_is_written_as_a_value(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_POSTGRES", f'"postgresql://me:{SECRET}@db"')
        assert "postgres" in refusal().message

    def test_in_a_section_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MOORAGE_POSTGRES", SECRET)
        assert "postgres" in refusal().message

    def test_in_a_section_whose_parts_do_not_fit(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("POSTGRES_PASSWORD", SECRET)
        monkeypatch.setenv("MOORAGE_POSTGRES__POOLER_URL", "postgresql://pooler:6432")
        assert "pooler_url" in refusal().message

    def test_in_an_address_of_another_database(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DATABASE_URL", f"mysql://me:{SECRET}@db/x")
        assert "postgresql://" in refusal().message

    def test_when_the_settings_are_printed(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("POSTGRES_PASSWORD", SECRET)
        settings = load_settings()
        assert SECRET not in repr(settings) + settings.model_dump_json()
