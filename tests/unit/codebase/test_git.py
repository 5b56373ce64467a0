"""Git addresses, copies of remote repositories, and the head of a work tree."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest

from moorage.codebase.git import (
    FolderTaken,
    GitFailed,
    GitMissing,
    GitTimedOut,
    Head,
    UnfitUrl,
    clone_or_update,
    head,
    is_git_url,
    without_credentials,
)
from moorage.codebase.git.urls import parse_remote
from tests.unit.codebase.repositories import ISOLATED, git, make_folder, make_repository


@pytest.fixture(autouse=True)
def _own_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ISOLATED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "origin", {"a.py": "1"})


async def copy(origin: Path, folder: Path, *, timeout_seconds: float = 30) -> Path:
    return await clone_or_update(
        origin.as_uri(), folder, timeout_seconds=timeout_seconds, allowed_roots=[origin.parent]
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def replace_git(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    program = make_folder(folder, {"git": f"#!/bin/sh\n{script}\n"}) / "git"
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


# Addresses


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git",
        "https://user:token@git.example.org:8443/a/b.git",
        "https://[::1]:8443/a",
        "ssh://git@example.org/a/b.git",
        "ssh://example.org:2222/a",
        "git@github.com:owner/name.git",
        "file:///srv/git/a.git",
        "file://localhost/srv/git/a.git",
    ],
)
def test_an_address_is_known(text):
    assert is_git_url(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "/srv/code",
            "~/code",
            "code",
            "C:\\code",
            "C:/code",
            "owner/name",
            "git@host",
            "git@host:",
            "https://",
        ),
        *("http://example.org/a", "git://example.org/a", "ftp://example.org/a", "HTTPS//x"),
        *("ext::sh -c id", "fd::17", "ext::https://a/b", "--upload-pack=id", "-oProxyCommand=id"),
        *(
            "ssh://-oProxyCommand=id/a",
            "ssh://-l@host/a",
            "-u@host:a",
            "git@-oProxyCommand=id:a",
            "git@host:-a",
        ),
        *("https://-host/a", "https://example.org/a b", "https://example.org/a\n", "https://host/a%0ahost=b"),
        *("https://example.org/a\0", "file://elsewhere/a", "file:relative", "https://host/" + "a" * 3_000),
        "https://a@b@host/x\tid",
    ],
)
def test_what_is_no_safe_address_is_not_taken_for_one(text):
    assert not is_git_url(text)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://user:pass@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a@b", "https://example.org:8443/a@b"),
        ("https://user:p@ss@example.org/a", "https://example.org/a"),
        ("https://example.org/a@b:c", "https://example.org/a@b:c"),
        ("ssh://git:pass@example.org/a", "ssh://git@example.org/a"),
        ("git@example.org:a.git", "git@example.org:a.git"),
        ("http://user:pass@example.org", "http://example.org"),
        ("file:///a@b", "file:///a@b"),
        ("not an address", "not an address"),
    ],
)
def test_an_address_is_shown_without_credentials(url, address):
    assert without_credentials(url) == address


def test_a_password_goes_to_its_host_by_environment_alone():
    remote = parse_remote("https://me:s%40crét@example.org:8443/a.git", [])

    assert remote.address == "https://example.org:8443/a.git"
    assert remote.variables == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.https://example.org:8443/.extraHeader",
        "GIT_CONFIG_VALUE_0": "Authorization: Basic " + base64.b64encode("me:s@crét".encode()).decode(),
    }


@pytest.mark.parametrize("url", ["ext::sh -c id", "http://me:secret@example.org/a", "/srv/code"])
async def test_an_address_that_is_not_allowed_is_refused_without_its_credentials(url, tmp_path):
    with pytest.raises(UnfitUrl) as caught:
        await clone_or_update(url, tmp_path / "copy", timeout_seconds=1)

    assert caught.value.details == {"field": "repo_path"}
    assert "secret" not in caught.value.as_text()


async def test_a_file_address_outside_the_allowed_roots_is_refused(origin, tmp_path):
    (make_folder(tmp_path / "allowed", {}) / "link").symlink_to(origin)

    for url in (origin.as_uri(), f"file://{tmp_path}/allowed/../origin", f"file://{tmp_path}/allowed/link"):
        with pytest.raises(UnfitUrl, match="outside"):
            await clone_or_update(url, tmp_path / "copy", timeout_seconds=9, allowed_roots=[tmp_path / "allowed"])


# Copies


async def test_a_clone_is_shallow_and_leaves_nothing_beside_it(origin, tmp_path):
    make_folder(origin, {"a.py": "2"})
    git(origin, "commit", "--quiet", "--all", "-m", "second")
    git(origin, "tag", "v1", "HEAD~1")

    folder = await copy(origin, tmp_path / "copies/one")

    assert (folder / "a.py").read_text() == "2"
    assert git(folder, "rev-list", "--count", "--all") == "1\n"
    assert names(tmp_path / "copies") == ["one"]


async def test_a_second_call_brings_the_copy_up_to_date(origin, tmp_path):
    folder = await copy(origin, tmp_path / "copy")
    make_folder(folder, {"a.py": "changed here", "stray/x.py": "x"})
    make_folder(origin, {"a.py": "2", "b.py": "new"})
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--amend", "-m", "rewritten")

    await copy(origin, folder)

    assert names(folder) == [".git", "a.py", "b.py"]
    assert (folder / "a.py").read_text() == "2"


async def test_a_copy_follows_the_default_branch_when_it_changes(origin, tmp_path):
    folder = await copy(origin, tmp_path / "copy")
    git(origin, "checkout", "--quiet", "-b", "trunk")
    make_folder(origin, {"a.py": "trunk"})
    git(origin, "commit", "--quiet", "--all", "-m", "trunk")
    git(origin, "branch", "-D", "main")

    await copy(origin, folder)

    assert (folder / "a.py").read_text() == "trunk"


@pytest.mark.parametrize("damage", ["index.lock", "shallow.lock", "objects"])
async def test_a_copy_that_cannot_be_updated_is_made_anew(origin, tmp_path, damage):
    folder = await copy(origin, tmp_path / "copy")
    make_folder(origin, {"a.py": "2"})
    git(origin, "commit", "--quiet", "--all", "-m", "second")
    if damage == "objects":
        (folder / ".git/objects").rename(tmp_path / "lost")
    else:
        make_folder(folder / ".git", {damage: ""})

    await copy(origin, folder)

    assert (folder / "a.py").read_text() == "2"
    assert names(tmp_path) in (["copy", "origin"], ["copy", "lost", "origin"])


async def test_the_old_copy_stays_when_the_remote_is_gone(origin, tmp_path):
    folder = await copy(origin, tmp_path / "copy")
    origin.rename(tmp_path / "moved")

    with pytest.raises(GitFailed, match="does not") as caught:
        await copy(origin, folder)

    assert "Check the address" in caught.value.hint
    assert (folder / "a.py").read_text() == "1"
    assert names(tmp_path) == ["copy", "moved"]


@pytest.mark.parametrize("content", [{"precious.txt": "x"}, {".git/config": "[remote]\n"}])
async def test_a_folder_that_is_no_copy_is_not_touched(origin, tmp_path, content):
    folder = make_folder(tmp_path / "taken", content)

    with pytest.raises(FolderTaken):
        await copy(origin, folder)
    assert [path for path in content if (folder / path).exists()] == list(content)


async def test_a_file_in_the_place_of_the_copy_is_not_touched(origin, tmp_path):
    make_folder(tmp_path, {"taken": "precious"})

    with pytest.raises(FolderTaken):
        await copy(origin, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "precious"


async def test_a_copy_of_another_address_is_not_overwritten(origin, tmp_path):
    folder = await copy(origin, tmp_path / "copy")
    other = make_repository(tmp_path / "other", {"b.py": "x"})

    with pytest.raises(FolderTaken, match="is not a copy of"):
        await copy(other, folder)
    assert (folder / "a.py").exists()


async def test_hooks_of_the_users_template_do_not_run(origin, tmp_path, monkeypatch):
    hook = make_folder(tmp_path / "template/hooks", {"post-checkout": f"#!/bin/sh\ntouch {tmp_path}/was-run\n"})
    (hook / "post-checkout").chmod(0o755)
    make_folder(tmp_path, {"config": f"[init]\ntemplateDir={tmp_path}/template\n[core]\nhooksPath={hook}\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))

    await copy(origin, tmp_path / "copy")

    assert not (tmp_path / "was-run").exists()


async def test_submodules_are_not_fetched(origin, tmp_path):
    other = make_repository(tmp_path / "other", {"lib.py": "x"})
    git(origin, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(origin, "commit", "--quiet", "--message", "submodule")

    folder = await copy(origin, tmp_path / "copy")

    assert list((folder / "sub").iterdir()) == []


async def test_an_address_rewritten_to_a_forbidden_transport_is_refused(tmp_path, monkeypatch):
    make_folder(tmp_path, {"config": f'[url "ext::touch {tmp_path}/was-run "]\ninsteadOf=https://example.org/\n'})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))

    with pytest.raises(GitFailed, match="not allowed"):
        await clone_or_update("https://example.org/a", tmp_path / "copy", timeout_seconds=9)
    assert not (tmp_path / "was-run").exists()


async def test_credentials_are_in_no_argument_file_or_error(tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    replace_git(
        monkeypatch,
        tmp_path / "bin",
        f'echo "$@" >{seen}; echo "fatal: https://me:s3cret@x/ failed" >&2; exit 1',
    )

    with pytest.raises(GitFailed) as caught:
        await clone_or_update("https://me:s3cret@example.org/a", tmp_path / "copy", timeout_seconds=9)

    assert "https://example.org/a" in seen.read_text()
    assert "s3cret" not in seen.read_text() + caught.value.as_text() + str(caught.value.details)
    assert "fatal: https://x/ failed" in caught.value.message


async def test_nobody_is_asked_for_a_password(tmp_path, monkeypatch):
    replace_git(monkeypatch, tmp_path / "bin", 'echo "$GIT_TERMINAL_PROMPT,$GIT_ASKPASS,$(tty)" >&2; exit 1')

    with pytest.raises(GitFailed, match="0,,not a tty"):
        await clone_or_update("https://example.org/a", tmp_path / "copy", timeout_seconds=9)


async def test_a_clone_that_never_ends_is_ended_with_its_helpers(tmp_path, monkeypatch):
    replace_git(monkeypatch, tmp_path / "bin", f"sleep 60 & echo $! >{tmp_path}/helper; wait")

    with pytest.raises(GitTimedOut, match=r"0\.5 s"):
        await clone_or_update("https://example.org/a", tmp_path / "copy", timeout_seconds=0.5)

    assert await _has_ended(int((tmp_path / "helper").read_text()))
    assert names(tmp_path) == ["bin", "helper"]


async def _has_ended(pid: int) -> bool:
    """Wait, bounded, until a process whose parent was killed is gone or only waits to be buried."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        await asyncio.sleep(0.05)
    return False


async def test_without_git_the_way_out_is_named(origin, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))

    with pytest.raises(GitMissing) as caught:
        await copy(origin, tmp_path / "copy")
    assert "Install git" in caught.value.hint
    assert await head(origin) is None


# Heads


def commit_of(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").strip()


async def test_the_head_has_commit_and_branch(origin):
    assert await head(origin) == Head(commit_of(origin), branch="main")


async def test_the_head_is_known_in_a_folder_and_a_worktree(origin, tmp_path):
    make_folder(origin / "sub", {})
    git(origin, "worktree", "add", "--quiet", "-b", "feature/x", "../tree")

    assert (await head(origin / "sub")) == (await head(origin))
    assert await head(tmp_path / "tree") == Head(commit_of(origin), "feature/x")


async def test_a_detached_head_has_no_branch(origin):
    git(origin, "checkout", "--quiet", "--detach")

    assert await head(origin) == Head(commit_of(origin), branch=None)


async def test_a_repository_without_commits_has_a_branch_only(tmp_path):
    make_repository(tmp_path, {}, commit=False)

    assert await head(tmp_path) == Head(commit=None, branch="main")


async def test_a_folder_without_repository_has_no_head(tmp_path):
    assert await head(tmp_path) is None


async def test_the_head_of_a_repository_that_lacks_objects_runs_no_program_to_fetch_them(origin, tmp_path):
    repository = make_repository(tmp_path / "r", {"a.py": "x"})
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "remote.origin.url", f"file://{origin}")
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "remote.origin.uploadpack", f"touch {tmp_path}/was-run; git-upload-pack")
    git(repository, "config", "protocol.file.allow", "always")
    branch = git(repository, "symbolic-ref", "HEAD").strip()
    (repository / ".git" / branch).write_text("1" * 40 + "\n")

    found = await head(repository)

    assert found == Head(commit=None, branch="main")
    assert not (tmp_path / "was-run").exists()
