"""Lines of several writers in files that are begun anew."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from moorage.databases.audit import files as audit_files
from moorage.databases.audit.files import AuditFiles
from moorage.databases.audit.reading import newest_in
from moorage.databases.audit.records import AuditFilter, Record, line_before, line_of

WRITER = """
import sys
from pathlib import Path
from moorage.databases.audit.files import AuditFiles
files = AuditFiles(Path(sys.argv[1]), max_bytes=20_000, kept=50)
for number in range(300):
    files.append("shop", f"{sys.argv[2]} {number:05d} {'x' * 200}\\n".encode())
print("written", flush=True)
sys.stdin.read()
"""


DESCRIPTORS = Path("/dev/fd")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def opened(folder: Path, *, max_bytes: int = 1_000, kept: int = 3) -> AuditFiles:
    return AuditFiles(folder, max_bytes=max_bytes, kept=kept)


def entry_at(moment: datetime, **changes: object) -> bytes:
    record = Record("shop", "")
    record.at = moment
    return line_of(
        {**{key: value for key, value in record.facts().items() if value is not None}, "caller": "ada", **changes}
    )


def test_lines_come_back_the_last_first(folder: Path):
    files = opened(folder)
    for number in range(3):
        files.append("shop", b"line %d\n" % number)
    assert list(files.lines("shop")) == [b"line 2", b"line 1", b"line 0"]


def test_lines_longer_than_a_block_come_back_whole(folder: Path):
    files = opened(folder, max_bytes=10_000_000)
    lines = [b"%d" % number * audit_files.BLOCK_BYTES for number in range(3)]
    for line in lines:
        files.append("shop", line + b"\n")
    assert list(files.lines("shop")) == lines[::-1]


def test_a_full_file_is_begun_anew_and_the_oldest_is_dropped(folder: Path):
    files = opened(folder)
    for number in range(60):
        files.append("shop", b"%099d\n" % number)
    assert sorted(path.name for path in folder.iterdir()) == [
        "shop.jsonl", "shop.jsonl.1", "shop.jsonl.2", "shop.jsonl.3",
    ]  # fmt: skip
    assert [int(line) for line in files.lines("shop")] == list(range(59, 19, -1))


def test_the_files_are_for_their_owner_alone(folder: Path):
    opened(folder).append("project:boats", b"{}\n")
    (path,) = folder.iterdir()
    assert path.name == "project=boats.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_that_was_taken_away_is_made_again(folder: Path):
    files = opened(folder)
    files.append("shop", b"before\n")
    (folder / "shop.jsonl").unlink()
    files.append("shop", b"after\n")
    assert list(files.lines("shop")) == [b"after"]


def test_many_databases_keep_few_files_open(folder: Path):
    files = opened(folder)
    for number in range(audit_files.MAX_OPEN_FILES * 2):
        files.append(f"db_{number}", b"{}\n")
    assert open_below(folder) == audit_files.MAX_OPEN_FILES
    assert len(files.database_ids()) == audit_files.MAX_OPEN_FILES * 2
    files.close()
    assert open_below(folder) == 0


def open_below(folder: Path) -> int:
    """Return how many files of a folder this process has open."""
    return sum(each.resolve().is_relative_to(folder.resolve()) for each in DESCRIPTORS.iterdir())


def test_half_a_line_of_a_killed_process_spoils_no_other(folder: Path):
    folder.mkdir()
    (folder / "shop.jsonl").write_bytes(b'{"at":"2026')
    files = opened(folder)
    files.append("shop", entry_at(datetime.now(UTC)))
    found, _ = newest_in(files.lines("shop"), AuditFilter(), 10)
    assert len(found) == 1


def test_what_a_full_disk_takes_in_part_is_taken_back(folder: Path, monkeypatch: pytest.MonkeyPatch):
    files = opened(folder)
    files.append("shop", b"whole\n")
    write = os.write
    monkeypatch.setattr(audit_files.os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    with pytest.raises(OSError, match="only a part"):
        files.append("shop", b"another\n")
    monkeypatch.undo()
    files.append("shop", b"last\n")
    assert list(files.lines("shop")) == [b"last", b"whole"]


def test_processes_that_are_killed_lose_no_line_and_mix_none(folder: Path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stdin=-1, stdout=-1, text=True)
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    lines = [line.split() for line in opened(folder, kept=50).lines("shop")]
    assert len(lines) == 600
    assert all(len(line) == 3 and len(line[2]) == 200 for line in lines)
    for name in (b"one", b"two"):
        assert [int(line[1]) for line in lines if line[0] == name] == list(range(299, -1, -1))


def test_old_lines_are_deleted_and_the_others_stay_in_every_file(folder: Path):
    files = opened(folder, max_bytes=600)
    now = datetime.now(UTC)
    for days in range(9, -1, -1):
        files.append("shop", entry_at(now - timedelta(days=days)))
    deleted = files.purge("shop", before=line_before(now - timedelta(days=2, hours=12)))
    found, _ = newest_in(files.lines("shop"), AuditFilter(), 100)
    assert [(now - entry.at).days for entry in found] == [0, 1, 2]
    assert deleted + len(found) <= 10
    files.append("shop", entry_at(now))
    assert len(newest_in(files.lines("shop"), AuditFilter(), 100)[0]) == 4


def test_reading_stops_at_what_is_older_than_asked_for(folder: Path):
    now = datetime.now(UTC)
    lines = [entry_at(now - timedelta(hours=hours)) for hours in range(50)]
    looked_at = iter(lines)
    found, is_cut = newest_in(looked_at, AuditFilter(since=now - timedelta(hours=5)), 100)
    assert (len(found), is_cut) == (6, False)
    assert len(list(looked_at)) > 40


def test_how_a_commit_ended_stands_for_its_announcement():
    now = datetime.now(UTC)
    announced = entry_at(now, id="a", kind="insert", outcome="committing")
    ended = entry_at(now, id="a", kind="insert", outcome="ok", is_committed=True)
    unknown = entry_at(now, id="b", kind="insert", outcome="committing")
    found, _ = newest_in([unknown, ended, announced], AuditFilter(), 10)
    assert [(entry.id, entry.outcome) for entry in found] == [("b", "committing"), ("a", "ok")]
    assert [entry.id for entry in newest_in([unknown, ended, announced], AuditFilter(outcome="committing"), 10)[0]] == [
        "b"
    ]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as failure:
        opened(tmp_path / "file" / "audit").append("shop", b"{}\n")
    assert failure.value.errno in (errno.ENOTDIR, errno.EEXIST)
