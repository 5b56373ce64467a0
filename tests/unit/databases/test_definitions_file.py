"""The file of definitions: changed entry by entry, by several processes, and never left half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from moorage.databases.errors import DatabaseExists, DatabaseNotFound, DefinitionsNotKept, InvalidDefinition
from moorage.databases.managing.entries import add_entry, change_entry, refuse_clear_password, remove_entry
from moorage.databases.managing.file import DefinitionsFile

WRITTEN = """\
# Of the operations team.
server:
    port: 8001   # behind the proxy

default_database: shop
databases:
    # The shop's own; ask Ada before you change it.
    shop:
        hostname: 'db.example.com'
        tags:
          - production   # do not remove
          - shop
        readonly: yes
    lab: {database: lab, limits: {rows: 5}}
"""
KILLED = """
import os, sys
from pathlib import Path
from moorage.databases.managing import file
from moorage.databases.managing.entries import add_entry
file._sync_folder = file._keep_mode = lambda *_: None
Path.rename = lambda *_: os.kill(os.getpid(), 9)
file.DefinitionsFile(Path(sys.argv[1])).edit(lambda s: add_entry(s, "new", {"database": "new"}), lambda _: None)
"""

WRITER = """
import sys
from pathlib import Path
from moorage.databases.managing.entries import add_entry
from moorage.databases.managing.file import DefinitionsFile
for at in range(10):
    name = f"new_{sys.argv[2]}_{at}"
    DefinitionsFile(Path(sys.argv[1])).edit(lambda s: add_entry(s, name, {"database": name}), lambda _: None)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "moorage.yaml"
    file.write_text(WRITTEN)
    return file


def edit(path: Path, change: Callable[[Any], None], check: Callable[[Any], None] = lambda _: None) -> None:
    DefinitionsFile(path).edit(change, check)


def content(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


class TestAddingAnEntry:
    def test_leaves_every_line_that_was_there(self, path: Path):
        edit(path, lambda section: add_entry(section, "new", {"database": "new", "tags": ["a", "b"]}))
        assert path.read_text().startswith(WRITTEN)
        assert content(path)["databases"]["new"] == {"database": "new", "tags": ["a", "b"]}

    @pytest.mark.parametrize("value", ["yes", "0123", "1e3", "null", "a: b", "# no", "*x", "2026-01-01", "", "${X}"])
    def test_writes_texts_that_are_read_again_as_texts(self, path: Path, value: str):
        edit(path, lambda section: add_entry(section, "new", {"description": value}))
        assert content(path)["databases"]["new"] == {"description": value}

    def test_makes_the_file_private_and_its_folder(self, tmp_path: Path):
        file = tmp_path / "home" / "databases.yaml"
        edit(file, lambda section: add_entry(section, "new", {"database": "new"}))
        assert (file.stat().st_mode & 0o777, content(file)) == (0o600, {"databases": {"new": {"database": "new"}}})

    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "databases:\n", "server:\n  port: 1\n"])
    def test_makes_the_section_where_there_is_none(self, path: Path, text: str):
        path.write_text(text)
        edit(path, lambda section: add_entry(section, "new", {"database": "new"}))
        assert content(path)["databases"] == {"new": {"database": "new"}}

    @pytest.mark.parametrize("name", ["no", "on", "12:30:45", "null", "0x1F"])
    def test_keeps_an_id_a_text_whatever_yaml_takes_it_for(self, path: Path, name: str):
        edit(path, lambda section: add_entry(section, name, {"database": "new"}))
        assert content(path)["databases"][name] == {"database": "new"}

    def test_refuses_an_id_that_is_there(self, path: Path):
        with pytest.raises(DatabaseExists):
            edit(path, lambda section: add_entry(section, "shop", {}))
        assert path.read_text() == WRITTEN


class TestChangingAnEntry:
    def test_sets_takes_away_and_leaves_fields(self, path: Path):
        changes = {"hostname": "other", "tags": None, "port": 5433, "limits": {"rows": 7}}
        edit(path, lambda section: change_entry(section, "shop", changes))
        shop = content(path)["databases"]["shop"]
        assert shop == {"hostname": "other", "readonly": True, "port": 5433, "limits": {"rows": 7}}
        assert "# The shop's own; ask Ada before you change it." in path.read_text()

    def test_changes_sections_field_by_field(self, path: Path):
        edit(path, lambda section: change_entry(section, "lab", {"limits": {"max_rows": 9}}))
        assert content(path)["databases"]["lab"]["limits"] == {"rows": 5, "max_rows": 9}

    def test_refuses_an_id_that_is_not_there_with_the_nearest(self, path: Path):
        with pytest.raises(DatabaseNotFound) as caught:
            edit(path, lambda section: change_entry(section, "shp", {}))
        assert "did you mean shop?" in caught.value.message


@pytest.mark.parametrize("text", ["databases: [shop]\n", "databases: shop\n", "databases:\n  shop:\n"])
def test_a_file_without_mappings_is_refused_with_the_place(path: Path, text: str):
    path.write_text(text)
    with pytest.raises(InvalidDefinition, match="mend the file by hand"):
        edit(path, lambda section: change_entry(section, "shop", {"port": 5433}))
    assert path.read_text() == text


@pytest.mark.parametrize("text", [b"databases:\n  shop: {database: shop}\t\n", b"databases: {shop: \xe9}"])
def test_a_file_that_cannot_be_read_for_changing_it_is_left_alone(path: Path, text: bytes):
    path.write_bytes(text)
    with pytest.raises(DefinitionsNotKept):
        edit(path, lambda section: add_entry(section, "new", {"database": "new"}))
    assert path.read_bytes() == text


@pytest.mark.parametrize("above", ["", "  # Ask Ada.\n", "\n"])
def test_the_last_entry_can_be_removed_with_the_comments_above_it(path: Path, above: str):
    path.write_text(f"databases:\n{above}  shop: {{database: shop}}\nserver:\n  port: 1\n")
    edit(path, lambda section: remove_entry(section, "shop"))
    assert content(path) == {"databases": {}, "server": {"port": 1}}


def test_removing_an_entry_leaves_the_others(path: Path):
    edit(path, lambda section: remove_entry(section, "lab"))
    assert path.read_text() == WRITTEN.replace("    lab: {database: lab, limits: {rows: 5}}\n", "")


class TestNothingChanges:
    def test_when_the_whole_would_be_refused(self, path: Path):
        def check(_: Any) -> None:
            raise InvalidDefinition("no")

        with pytest.raises(InvalidDefinition):
            edit(path, lambda section: remove_entry(section, "lab"), check)
        assert path.read_text() == WRITTEN

    @pytest.mark.parametrize("text", ["databases: [", "- a\n", "databases:\n  a: {}\n  a: {}\n", "a: *b\n"])
    def test_when_the_file_has_become_invalid(self, path: Path, text: str):
        path.write_text(text)
        with pytest.raises(InvalidDefinition):
            edit(path, lambda section: add_entry(section, "new", {}))
        assert path.read_text() == text

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_when_the_folder_cannot_be_written(self, path: Path):
        path.parent.chmod(0o500)
        with pytest.raises(DefinitionsNotKept):
            edit(path, lambda section: remove_entry(section, "lab"))
        path.parent.chmod(0o700)

    def test_when_the_file_is_a_folder(self, tmp_path: Path):
        with pytest.raises(DefinitionsNotKept):
            edit(tmp_path, lambda section: remove_entry(section, "lab"))

    def test_when_the_writer_is_killed_and_the_next_one_goes_on(self, path: Path):
        killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
        assert (killed.returncode, path.read_text()) == (-9, WRITTEN)
        edit(path, lambda section: add_entry(section, "next", {"database": "next"}))
        assert [each.name for each in path.parent.iterdir()] == ["moorage.yaml"]
        assert set(content(path)["databases"]) == {"shop", "lab", "next"}


class TestTheFileItself:
    def test_keeps_its_mode(self, path: Path):
        path.chmod(0o640)
        edit(path, lambda section: remove_entry(section, "lab"))
        assert path.stat().st_mode & 0o777 == 0o640

    def test_behind_a_link_is_changed_where_it_lies(self, path: Path, tmp_path: Path):
        link = tmp_path / "link.yaml"
        link.symlink_to(path)
        edit(link, lambda section: remove_entry(section, "lab"))
        assert link.is_symlink()
        assert set(content(path)["databases"]) == {"shop"}

    def test_keeps_what_all_processes_wrote_at_once(self, path: Path):
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)]) for number in range(3)]
        assert [each.wait(30) for each in writers] == [0, 0, 0]
        added = {f"new_{number}_{at}" for number in range(3) for at in range(10)}
        assert set(content(path)["databases"]) == {"shop", "lab"} | added


class TestPasswordsInClear:
    @pytest.mark.parametrize("definition", [{"password": "hunter2"}, {"url": "postgresql://me:hunter2@db/shop"}])
    def test_are_refused_with_other_ways(self, definition: dict[str, str]):
        with pytest.raises(InvalidDefinition) as caught:
            refuse_clear_password(definition, "shop")
        assert "password_file" in caught.value.hint
        assert "hunter2" not in caught.value.as_text()

    @pytest.mark.parametrize(
        "definition",
        [{"password": "${SHOP_PASSWORD}"}, {"url": "postgresql://me:${WORD}@db/shop"}, {"url": "postgresql://me@db/x"}],
    )
    def test_are_none_where_a_variable_stands(self, definition: dict[str, str]):
        refuse_clear_password(definition, "shop")
