"""What an index holds after the folder was new, changed, odd, or was changed meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moorage.codebase import indexing
from moorage.codebase.scanning import UnfitRoot
from moorage.codebase.service import CodebaseService
from tests.support.gated_embedder import GatedEmbedder
from tests.support.index_checks import check_index
from tests.unit.codebase.repositories import git, make_folder, make_repository

WAIT = 30.0
CART = "class Cart:\n    def add_item(self, item):\n        self.items.append(item)\n"
OLD_NS = 1_700_000_000 * 10**9


def write(file: Path, text: str, *, at_ns: int = OLD_NS) -> None:
    """Write a file as if some time ago, so that its time tells whether it has changed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, ns=(at_ns, at_ns))


async def index(codebase: CodebaseService, project, folder: Path | str, **options):
    return await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT, **options)


async def test_first_index_holds_every_line_of_every_file_once(codebase, project, connections, tmp_path: Path):
    files = {"cart.py": CART, "docs/guide.md": "# Guide\n\nAdd items.\n", "web/app.ts": "export const port = 80\n"}
    folder = make_repository(tmp_path / "shop", files)
    status = await index(codebase, project, folder)
    assert (status.status, status.repository, status.repo_path) == ("completed", "shop", str(folder))
    assert (status.total_files, status.files_done, status.phase) == (3, 3, "finished")
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, list(files))


async def test_second_run_of_an_unchanged_repository_reads_nothing(codebase, project, tmp_path: Path):
    folder = tmp_path / "shop"
    write(folder / "cart.py", CART)
    first = await index(codebase, project, folder)
    again = await index(codebase, project, folder)
    assert (again.status, again.files_total, again.chunks_written) == ("completed", 0, 0)
    assert (again.total_files, again.total_chunks) == (first.total_files, first.total_chunks)


async def test_a_file_that_was_only_touched_is_read_and_not_written(codebase, project, tmp_path: Path):
    write(tmp_path / "shop" / "cart.py", CART)
    await index(codebase, project, tmp_path / "shop")
    write(tmp_path / "shop" / "cart.py", CART, at_ns=OLD_NS + 10**9)
    touched = await index(codebase, project, tmp_path / "shop")
    again = await index(codebase, project, tmp_path / "shop")
    assert (touched.files_done, touched.chunks_written, again.files_total) == (1, 0, 0)


async def test_a_change_of_the_same_size_is_found_by_its_time(codebase, project, connections, tmp_path: Path):
    folder = tmp_path / "shop"
    write(folder / "cart.py", CART)
    await index(codebase, project, folder)
    write(folder / "cart.py", CART.replace("item", "good"), at_ns=OLD_NS + 10**9)
    assert (await index(codebase, project, folder)).files_done == 1
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, ["cart.py"])


async def test_renamed_and_deleted_files_leave_nothing_behind(codebase, project, connections, tmp_path: Path):
    folder = make_repository(tmp_path / "shop", {"old.py": CART, "gone.py": "x = 1\n", "kept.py": "y = 2\n"})
    await index(codebase, project, folder)
    git(folder, "mv", "old.py", "new.py")
    (folder / "gone.py").unlink()
    status = await index(codebase, project, folder)
    assert (status.files_removed, status.total_files) == (2, 2)
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, ["new.py", "kept.py"])


async def test_a_file_ignored_since_the_last_run_is_taken_out(codebase, project, connections, tmp_path: Path):
    folder = make_repository(tmp_path / "shop", {"a.py": CART, "b.py": "x = 1\n"}, commit=False)
    await index(codebase, project, folder)
    (folder / ".gitignore").write_text("b.py\n")
    status = await index(codebase, project, folder)
    assert status.left_out["ignored"].count == 1
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, ["a.py"] + ([".gitignore"] if status.total_files == 2 else []))


async def test_force_reindex_reads_every_file_and_leaves_the_same_chunks(codebase, project, connections, tmp_path):
    folder = tmp_path / "shop"
    write(folder / "cart.py", CART)
    write(folder / "tax.py", "RATE = 19\n")
    first = await index(codebase, project, folder)
    forced = await index(codebase, project, folder, full=True)
    assert (forced.files_done, forced.total_chunks) == (2, first.total_chunks)
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, ["cart.py", "tax.py"])


async def test_files_left_out_are_counted_with_their_reasons(codebase, project, tmp_path: Path):
    folder = make_folder(
        tmp_path / "odd",
        {
            "kept.py": CART,
            "binary.py": bytes(range(256)) * 40,
            "huge.py": "x = 1\n" * 200_000,
            "package-lock.json": "{}",
            ".env": "PASSWORD=hunter2",
            "logo.png": b"\x89PNG\r\n\x1a\n",
            "node_modules/left/index.js": "x",
        },
    )
    (folder / "dangling.py").symlink_to(folder / "nowhere.py")
    os.mkfifo(folder / "pipe.py")
    status = await index(codebase, project, folder)
    reasons = {reason: each.count for reason, each in status.left_out.items()}
    assert reasons == {
        "binary": 1, "too_large": 1, "lock_file": 1, "secret": 1, "media": 1, "vendored": 1,
        "symlink_broken": 1, "not_regular": 1,
    }  # fmt: skip
    assert status.left_out["too_large"].examples == ("huge.py",)
    assert (status.status, status.total_files) == ("completed", 1)


async def test_reasons_found_by_content_are_still_told_after_a_run_that_read_nothing(codebase, project, tmp_path):
    folder = make_folder(tmp_path / "odd", {"kept.py": CART, "binary.py": bytes(range(256)) * 40})
    await index(codebase, project, folder)
    assert (await index(codebase, project, folder)).left_out["binary"].count == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
async def test_an_unreadable_file_is_counted_and_the_others_are_indexed(codebase, project, tmp_path: Path):
    folder = make_folder(tmp_path / "shop", {"a.py": CART, "closed.py": "x = 1\n"})
    (folder / "closed.py").chmod(0)
    status = await index(codebase, project, folder)
    assert (status.status, status.total_files, status.left_out["unreadable"].count) == ("completed", 1, 1)


async def test_text_in_other_encodings_is_indexed_as_text(codebase, project, tmp_path: Path):
    folder = make_folder(
        tmp_path / "mixed",
        {
            "latin.py": "# -*- coding: latin-1 -*-\nname = 'Grüße'\n".encode("latin-1"),
            "utf16.txt": "Grüße aus der Werft\n".encode("utf-16"),
            "mark.py": b"\xef\xbb\xbfharbour = 1\n",
            "nul.txt": b"harbour with a NUL \0 inside, and quite some text around it to stay text\n" * 3,
            "empty.py": b"",
        },
    )
    status = await index(codebase, project, folder)
    assert status.status == "completed"
    found = await codebase.search_code(project.name, "Grüße")
    assert {"latin.py", "utf16.txt"} <= {hit.file_path for hit in found.results}


async def test_an_empty_repository_is_indexed_and_says_so(codebase, project, tmp_path: Path):
    folder = make_repository(tmp_path / "empty", {})
    status = await index(codebase, project, folder)
    assert (status.status, status.total_files, status.total_chunks) == ("completed", 0, 0)
    results = await codebase.search_code(project.name, "anything")
    assert (results.outcome, results.results) == ("no_match", ())


@pytest.mark.parametrize(
    "path",
    [
        'quo\'te "double".py',
        "new\nline.py",
        "tab\tand\\backslash.py",
        "каталог/файл.py",
        "目录/文件.py",
        "percent%20 and 'so'.py",
        "-dash.py",
        "deep/" * 50 + "x.py",
        "n" * 200 + ".py",
    ],
)
async def test_paths_of_every_kind_are_indexed_found_and_outlined(codebase, project, tmp_path: Path, path: str):
    folder = make_repository(tmp_path / "odd names'", {path: CART})
    status = await index(codebase, project, folder)
    assert (status.total_files, status.left_out) == (1, {})
    results = await codebase.search_code(project.name, "add_item")
    assert results.results[0].file_path == path
    assert (await codebase.file_outline(project.name, path, None)).symbols[0].name == "Cart"


@pytest.mark.parametrize(
    "bad", ["", " ", "relative/path", "/no/such/folder", "/nul\0", "/new\nline", "/lone\ud800", "/" + "x" * 5000]
)
async def test_paths_that_are_no_folder_are_refused_as_the_callers_to_fix(codebase, project, bad: str):
    with pytest.raises(UnfitRoot) as refused:
        await index(codebase, project, bad)
    refused.value.as_text().encode()
    assert (await codebase.list_repositories(project.name)).repositories == ()


async def test_a_folder_outside_the_allowed_roots_is_refused(serving, project, tmp_path: Path):
    inside, outside = make_folder(tmp_path / "in", {}), make_folder(tmp_path / "out", {"a.py": CART})
    (inside / "link").symlink_to(outside)
    async with serving(allowed_roots=(inside,)) as codebase:
        for path in (outside, inside / "link", inside / ".." / "out"):
            with pytest.raises(UnfitRoot):
                await index(codebase, project, path)


async def test_two_ways_to_name_a_folder_are_one_repository(codebase, project, tmp_path: Path):
    folder = make_folder(tmp_path / "shop", {"a.py": CART})
    (tmp_path / "link").symlink_to(folder)
    for path in (folder, f"{folder}/", tmp_path / "link", f"{folder}/../shop"):
        await index(codebase, project, path)
    assert len((await codebase.list_repositories(project.name)).repositories) == 1


async def test_a_git_url_is_cloned_indexed_and_brought_up_to_date(codebase, project, tmp_path: Path):
    origin = make_repository(tmp_path / "shop.git", {"cart.py": CART})
    status = await index(codebase, project, origin.as_uri())
    assert (status.repository, status.repo_path, status.total_files) == ("shop", origin.as_uri(), 1)
    make_folder(origin, {"tax.py": "def tax():\n    return 19\n"})
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "second")
    assert (await index(codebase, project, origin.as_uri())).total_files == 2
    assert (await codebase.search_code(project.name, "tax")).results[0].file_path == "tax.py"


async def test_a_repository_that_changes_while_it_is_indexed_is_right_after_the_next_run(
    serving, project, connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(indexing, "BATCH_FILES", 1)
    folder = tmp_path / "busy"
    for number in range(12):
        write(folder / f"f{number:02}.py", f"def f{number}():\n    return {number}\n")
    embedder = GatedEmbedder(hold_at=2)
    async with serving(embedder, workers=1) as codebase:
        await codebase.index_repository(project.name, str(folder), wait_seconds=0)
        await embedder.reached.wait()
        write(folder / "f00.py", "def changed():\n    pass\n", at_ns=OLD_NS + 10**9)
        (folder / "f10.py").unlink()
        (folder / "f11.py").rename(folder / "f12.py")
        embedder.gate.set()
        assert (await codebase.index_status(project.name, None, wait_seconds=WAIT)).status == "completed"
        assert (await index(codebase, project, folder)).status == "completed"
    async with connections.get_project_connection(project.name) as connection:
        await check_index(connection, folder, sorted(file.name for file in folder.iterdir()))


async def test_a_folder_that_vanishes_before_it_is_read_does_not_empty_its_index(
    serving, project, connections, tmp_path: Path
):
    folder = make_folder(tmp_path / "shop", {"a.py": CART})
    async with serving() as codebase:
        await index(codebase, project, folder)
        (repository,) = await codebase._repositories(project.name)
        folder.rename(tmp_path / "elsewhere")
        await codebase._indexer.begin(project.name, repository)
        status = await codebase.index_status(project.name, None, wait_seconds=WAIT)
    assert (status.status, status.error["code"]) == ("failed", "codebase.unfit_root")
    assert status.total_files == 1
