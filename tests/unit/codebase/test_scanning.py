"""Which files are found, which are left out and why, and what they say."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from moorage.codebase.git import GitTimedOut, NoWorkTree
from moorage.codebase.scanning import (
    FileText,
    LeftOut,
    Lister,
    Scan,
    ScanLimits,
    UnfitRoot,
    read_text,
    resolve_root,
    scan,
)
from moorage.core.errors import InvalidInput
from tests.unit.codebase.repositories import ISOLATED, git, make_folder, make_repository

NOBODY = 65_534
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7bq0" * 4 + "\n-----END RSA PRIVATE KEY-----\n"


@pytest.fixture(autouse=True)
def _own_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ISOLATED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))


def paths(found: Scan) -> list[str]:
    return [file.path for file in found.files]


def reasons(found: Scan) -> dict[str, tuple[str, ...]]:
    """The reasons with their examples; checks on the way that the counts agree with them."""
    assert {reason: len(examples) for reason, examples in found.left_out_examples.items()} == found.left_out
    return {reason.value: examples for reason, examples in found.left_out_examples.items()}


@contextmanager
def without_rights(folder: Path) -> Generator[None]:
    """Run the block as a user without rights: root may read everything, so a test as root proves nothing."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


# What git lists


def test_tracked_and_untracked_files_are_found_and_ignored_ones_are_not(tmp_path):
    make_repository(tmp_path, {"src/tracked.py": "a", ".gitignore": "*.log\nout/\n"})
    make_folder(tmp_path, {"new.py": "b", "a.log": "c", "out/x.py": "d", "out/y/z.py": "e"})

    found = scan(tmp_path)

    assert paths(found) == [".gitignore", "new.py", "src/tracked.py"]
    assert reasons(found) == {"ignored": ("a.log", "out/")}
    assert found.listed_by is Lister.GIT


def test_a_file_carries_its_size_and_time(tmp_path):
    make_repository(tmp_path, {"a.py": "12345"})
    os.utime(tmp_path / "a.py", ns=(1, 1_700_000_000_000_000_001))

    (file,) = scan(tmp_path).files

    assert (file.path, file.size, file.modified_ns) == ("a.py", 5, 1_700_000_000_000_000_001)


def test_every_kind_of_exclude_of_git_is_honoured(tmp_path, monkeypatch):
    """projects-workflow-client 1.4.3: nested files, info/exclude and global excludes were not."""
    repository = make_repository(tmp_path / "r", {"sub/.gitignore": "nested.py\n"})
    make_folder(repository, dict.fromkeys(("sub/nested.py", "local.py", "global.py", "kept.py"), "x"))
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text("local.py\n")
    make_folder(tmp_path, {"excludes": "global.py\n", "config": f"[core]\nexcludesFile={tmp_path}/excludes\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))

    found = scan(repository)

    assert paths(found) == ["kept.py", "sub/.gitignore"]
    assert reasons(found) == {"ignored": ("global.py", "local.py", "sub/nested.py")}


def test_a_tracked_file_is_found_although_a_pattern_matches_it(tmp_path):
    make_repository(tmp_path, {".gitignore": "build/\n", "build/rules.py": "x"})

    assert "build/rules.py" in paths(scan(tmp_path))


def test_a_deleted_file_that_is_still_in_the_index_is_not_found(tmp_path):
    make_repository(tmp_path, {"a.py": "x", "b/c.py": "y"})
    shutil.rmtree(tmp_path / "b")

    found = scan(tmp_path)

    assert (paths(found), reasons(found)) == (["a.py"], {})


def test_a_file_in_conflict_is_found_once(tmp_path):
    make_repository(tmp_path, {"a.py": "1"})
    git(tmp_path, "checkout", "--quiet", "-b", "other")
    make_folder(tmp_path, {"a.py": "2"})
    git(tmp_path, "commit", "--quiet", "--all", "-m", "2")
    git(tmp_path, "checkout", "--quiet", "main")
    make_folder(tmp_path, {"a.py": "3"})
    git(tmp_path, "commit", "--quiet", "--all", "-m", "3")
    with pytest.raises(Exception, match="merge"):
        git(tmp_path, "merge", "other")

    assert paths(scan(tmp_path)) == ["a.py"]


def test_a_folder_of_a_repository_is_scanned_alone(tmp_path):
    make_repository(tmp_path, {".gitignore": "*.log\n", "a.py": "x", "sub/b.py": "y"})
    make_folder(tmp_path, {"sub/b.log": "z"})

    found = scan(tmp_path / "sub")

    assert (paths(found), reasons(found)) == (["b.py"], {"ignored": ("b.log",)})
    assert found.listed_by is Lister.GIT


def test_a_folder_that_a_repository_around_it_ignores_is_walked(tmp_path):
    """Otherwise everything below a home folder kept in git with `*` ignored would seem empty."""
    make_repository(tmp_path, {".gitignore": "*\n"})
    make_folder(tmp_path, {"project/a.py": "x"})

    found = scan(tmp_path / "project")

    assert (paths(found), found.listed_by) == (["a.py"], Lister.WALK)


def test_a_folder_deep_below_an_ignored_one_is_walked_without_a_word(tmp_path):
    make_repository(tmp_path, {"env/.gitignore": "*\n"})
    make_folder(tmp_path, {"env/lib/package/a.py": "x"})

    with capture_logs() as logged:
        found = scan(tmp_path / "env" / "lib" / "package")

    assert (paths(found), found.listed_by) == (["a.py"], Lister.WALK)
    assert logged == []


def test_worktrees_submodules_and_nested_repositories_are_left_out(tmp_path):
    """codesearch.md section 3, complaint 7: copies in worktrees crowd out the real files."""
    other = make_repository(tmp_path / "other", {"lib.py": "x"})
    main = make_repository(tmp_path / "main", {"a.py": "x"})
    git(main, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(main, "worktree", "add", "--quiet", "trees/two")
    make_repository(main / "nested", {"b.py": "x"})

    found = scan(main)

    assert paths(found) == [".gitmodules", "a.py"]
    assert reasons(found) == {"nested_repository": ("nested/", "sub/"), "worktree": ("trees/two/",)}


def test_a_worktree_and_a_submodule_can_be_scanned_themselves(tmp_path):
    other = make_repository(tmp_path / "other", {"lib.py": "x"})
    main = make_repository(tmp_path / "main", {"a.py": "x"})
    git(main, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(main, "worktree", "add", "--quiet", "../tree")

    assert paths(scan(tmp_path / "tree")) == ["a.py"]
    assert paths(scan(main / "sub")) == ["lib.py"]


def test_a_repository_without_commits_is_scanned(tmp_path):
    make_repository(tmp_path, {"a.py": "x"}, commit=False)

    found = scan(tmp_path)

    assert (paths(found), found.listed_by) == (["a.py"], Lister.GIT)


@pytest.mark.parametrize("place", ["", "objects"])
def test_a_bare_repository_is_refused(tmp_path, place):
    git(tmp_path, "init", "--quiet", "--bare")

    with pytest.raises(NoWorkTree, match="bare repository") as caught:
        scan(tmp_path / place)
    assert caught.value.details == {"field": "repo_path"}


def test_a_bare_repository_is_refused_without_git_too(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet", "--bare")
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NoWorkTree):
        scan(tmp_path)


def test_variables_of_a_git_hook_do_not_lead_to_another_repository(tmp_path, monkeypatch):
    other = make_repository(tmp_path / "other", {"other.py": "x"})
    mine = make_repository(tmp_path / "mine", {"mine.py": "x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))

    assert paths(scan(mine)) == ["mine.py"]


def test_a_program_named_in_the_configuration_of_a_repository_is_not_run(tmp_path):
    repository = make_repository(tmp_path / "r", {"a.py": "x"})
    program = make_folder(tmp_path, {"monitor": f"#!/bin/sh\ntouch {tmp_path}/was-run\n"}) / "monitor"
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))

    assert paths(scan(repository)) == ["a.py"]
    assert not (tmp_path / "was-run").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_another_user_is_listed_by_git(tmp_path):
    repository = make_repository(tmp_path / "r", {"a.py": "x"})
    for path in (repository, *repository.rglob("*")):
        os.chown(path, NOBODY, NOBODY)

    assert scan(repository).listed_by is Lister.GIT


def test_a_forged_index_cannot_lead_out_of_the_root(tmp_path):
    make_folder(tmp_path / "outside", {"secret.py": "x"})
    root = make_repository(tmp_path / "r", {"link/secret.py": "x", "a.py": "x"})
    shutil.rmtree(root / "link")
    (root / "link").symlink_to(tmp_path / "outside")

    found = scan(root)

    assert paths(found) == ["a.py"]
    assert "link/secret.py" not in str(found)


def test_git_is_run_twice_however_many_files_there_are(tmp_path, monkeypatch):
    root = make_repository(tmp_path / "r", {f"{number}/a.py": "x" for number in range(30)})
    real = shutil.which("git")
    wrapper = make_folder(tmp_path / "bin", {"git": f'#!/bin/sh\necho >>{tmp_path}/calls\nexec {real} "$@"\n'}) / "git"
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    assert len(scan(root).files) == 30
    assert (tmp_path / "calls").read_text() == "\n\n"


def test_a_git_that_never_ends_is_ended(tmp_path, monkeypatch):
    root = make_repository(tmp_path / "r", {"a.py": "x"})
    wrapper = make_folder(tmp_path / "bin", {"git": "#!/bin/sh\nexec sleep 60\n"}) / "git"
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    with pytest.raises(GitTimedOut, match=r"0\.2 s"):
        scan(root, ScanLimits(git_timeout_seconds=0.2))


# Walking


def test_a_plain_folder_is_walked_with_nested_ignore_files(tmp_path):
    make_folder(
        tmp_path,
        {
            ".gitignore": "*.log\n/top.py\nout/\n",
            "sub/.gitignore": "!keep.log\n# a comment\n\\#odd.py\ntrailing.py   \nspaced\\ \n",
            **dict.fromkeys(
                ("a.log", "top.py", "out/b.py", "sub/keep.log", "sub/c.log", "sub/top.py", "sub/#odd.py"), "x"
            ),
            **dict.fromkeys(("sub/trailing.py", "sub/spaced ", "sub/ok.py"), "x"),
        },
    )

    found = scan(tmp_path)

    assert paths(found) == [".gitignore", "sub/.gitignore", "sub/keep.log", "sub/ok.py", "sub/top.py"]
    assert found.left_out == {LeftOut.IGNORED: 7}
    assert found.listed_by is Lister.WALK


@pytest.mark.usefixtures("no_git")
def test_a_repository_is_walked_when_there_is_no_git(tmp_path):
    make_folder(tmp_path, {".git/HEAD": "ref: x", "a.py": "x", ".gitignore": "b.py", "b.py": "x"})

    found = scan(tmp_path)

    assert paths(found) == [".gitignore", "a.py"]
    assert reasons(found) == {"ignored": ("b.py",), "tool_folder": (".git/",)}


def test_a_folder_that_is_ignored_is_never_entered(tmp_path):
    make_folder(tmp_path, {".gitignore": "out/\n!out/keep.py\n", "out/.gitignore": "!*\n", "out/keep.py": "x"})

    assert reasons(scan(tmp_path)) == {"ignored": ("out/",)}


def test_patterns_that_would_take_forever_or_make_no_sense_are_passed_over(tmp_path):
    make_folder(tmp_path, {".gitignore": "a*a*a*a*a*a*a*b\n!\n\\\n[\nx.py\n", "a" * 200: "x", "x.py": "x"})

    assert paths(scan(tmp_path)) == [".gitignore", "a" * 200]


def test_repositories_below_a_plain_folder_are_left_out(tmp_path):
    make_repository(tmp_path / "one", {"a.py": "x"})
    git(tmp_path, "init", "--quiet", "--bare", "two.git")
    make_folder(tmp_path, {"three/.git": "gitdir: /elsewhere/.git/worktrees/three\n", "four/.git/empty": ""})

    found = scan(tmp_path)

    assert reasons(found) == {
        "nested_repository": ("one/", "two.git/"),
        "worktree": ("three/",),
        "tool_folder": ("four/.git/",),
    }


def test_an_empty_folder_holds_nothing(tmp_path):
    found = scan(tmp_path)

    assert (found.files, found.left_out) == ((), {})


# Rules of our own, for both


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_moorageignore_leaves_out_more_and_brings_back_what_our_lists_leave_out(tmp_path, make):
    make(
        tmp_path,
        {
            ".moorageignore": "docs/\n!third_party/\n!*.lock\n!.env\n!.cache/\n",
            "sub/.moorageignore": "/big.py\n",
            **dict.fromkeys(
                ("docs/a.py", "third_party/b.py", "uv.lock", ".env", ".cache/x", "sub/big.py", "big.py"), "x"
            ),
        },
    )

    found = scan(tmp_path)

    assert paths(found) == [".moorageignore", "big.py", "sub/.moorageignore", "third_party/b.py", "uv.lock"]
    assert reasons(found) == {
        "ignored": ("docs/", "sub/big.py"),
        "secret": (".env",),
        "tool_folder": (".cache/",),
    }


@pytest.mark.parametrize("make", [make_folder, make_repository])
@pytest.mark.parametrize(
    ("path", "reason", "shown"),
    [
        ("node_modules/x/a.js", "vendored", "node_modules/"),
        ("pkg/third_party/a.py", "vendored", "pkg/third_party/"),
        ("lib/__pycache__/a.py", "tool_folder", "lib/__pycache__/"),
        ("env3/pyvenv.cfg", "tool_folder", "env3/"),
        ("target/CACHEDIR.TAG", "tool_folder", "target/"),
        ("x.egg-info/PKG-INFO", "tool_folder", "x.egg-info/"),
        (".ssh/config", "secret", ".ssh/"),
        (".env", "secret", ".env"),
        (".env.production", "secret", ".env.production"),
        ("prod.env", "secret", "prod.env"),
        ("id_ed25519", "secret", "id_ed25519"),
        ("tls/Server.KEY", "secret", "tls/Server.KEY"),
        ("a.pem", "secret", "a.pem"),
        (".npmrc", "secret", ".npmrc"),
        (".aws/credentials", "secret", ".aws/credentials"),
        ("package-lock.json", "lock_file", "package-lock.json"),
        ("go.sum", "lock_file", "go.sum"),
        ("flake.lock", "lock_file", "flake.lock"),
        ("app.min.js", "minified", "app.min.js"),
        ("app.js.map", "minified", "app.js.map"),
        ("x_pb2.py", "generated", "x_pb2.py"),
        ("x.pb.go", "generated", "x.pb.go"),
        ("logo.PNG", "media", "logo.PNG"),
        ("a.tar.gz", "binary", "a.tar.gz"),
    ],
)
def test_names_alone_leave_out(tmp_path, make, path, reason, shown):
    make(tmp_path, {path: "x"})

    found = scan(tmp_path)

    assert (paths(found), reasons(found)) == ([], {reason: (shown,)})


@pytest.mark.parametrize(
    "path",
    [
        *(".env.example", "config/.env.sample", ".env.template", "id_rsa.pub", "environment.py", "keys.py"),
        *(
            "build/a.py",
            "dist/a.js",
            "vendor/a.py",
            "pods/a.go",
            "secrets.py",
            "a.map",
            "Makefile",
            ".aws/task.json",
        ),
        *(".github/workflows/ci.yml", "a.ts", "x.mo", "index.html", "monkey", "key"),
    ],
)
def test_names_that_only_look_like_it_stay(tmp_path, path):
    make_folder(tmp_path, {path: "x"})

    assert paths(scan(tmp_path)) == [path]


def test_vendor_is_third_party_beside_the_file_of_a_package_manager_only(tmp_path):
    make_folder(tmp_path, dict.fromkeys(("go/go.mod", "go/vendor/a.go", "shop/vendor/a.py"), "x"))

    found = scan(tmp_path)

    assert paths(found) == ["go/go.mod", "shop/vendor/a.py"]
    assert reasons(found) == {"vendored": ("go/vendor/",)}


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_links_are_never_followed_and_counted_by_where_they_lead(tmp_path, make):
    outside = make_folder(tmp_path / "outside", {"x.py": "x"})
    root = make_folder(tmp_path / "r", {"real/a.py": "x"})
    targets = {
        "file_in": "real/a.py",
        "folder_in": "real",
        "up": "../r",
        "round": "round",
        "nowhere": "missing",
        "file_out": f"{outside}/x.py",
        "folder_out": f"{outside}",
        "sneaky": "real/../../outside/x.py",
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)
    make(root, {})

    found = scan(root)

    assert paths(found) == ["real/a.py"]
    assert reasons(found) == {
        "symlink_inside": ("file_in", "folder_in", "up"),
        "symlink_outside": ("file_out", "folder_out", "sneaky"),
        "symlink_loop": ("round",),
        "symlink_broken": ("nowhere",),
    }


def test_a_root_given_through_a_link_is_the_same_root(tmp_path):
    make_repository(tmp_path / "real", {"a.py": "x"})
    (tmp_path / "link").symlink_to("real")

    assert scan(tmp_path / "link") == scan(tmp_path / "real")


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_odd_names_come_back_as_they_are(tmp_path, make):
    names = [
        "new\nline.py",
        "quo\"te's.py",
        "ünï/日本語.py",
        "tab\there.py",
        " lead.py",
        "e\u0301.py",
        "n" * 240 + ".py",
    ]
    make(tmp_path, dict.fromkeys(names, "x"))

    assert paths(scan(tmp_path)) == sorted(names)


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_names_that_are_not_utf8_or_too_long_are_left_out(tmp_path, make):
    make(tmp_path, {os.fsdecode(b"bad\xff.py"): "x", "a" * 30 + ".py": "x", "ok.py": "x"})

    found = scan(tmp_path, ScanLimits(max_path_bytes=20))

    assert paths(found) == ["ok.py"]
    assert reasons(found) == {"bad_name": ("a" * 30 + ".py", "bad\\udcff.py")}


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_a_tree_deeper_than_python_can_recurse_is_scanned(tmp_path, make):
    deep = "/".join("d" * 500) + "/a.py"
    make(tmp_path, {deep: "x"})

    assert paths(scan(tmp_path)) == [deep]


def test_large_files_and_files_after_the_limit_are_counted(tmp_path):
    make_folder(tmp_path, {"a.py": "x" * 11, "b.py": "x" * 10, "c.py": "", "d.py": "x"})

    found = scan(tmp_path, ScanLimits(max_file_bytes=10, max_files=2))

    assert paths(found) == ["b.py", "c.py"]
    assert reasons(found) == {"too_large": ("a.py",), "too_many": ("d.py",)}


def test_at_most_five_examples_are_kept(tmp_path):
    make_folder(tmp_path, {f"{number}.png": "x" for number in range(9)})

    found = scan(tmp_path)

    assert found.left_out == {LeftOut.MEDIA: 9}
    assert len(found.left_out_examples[LeftOut.MEDIA]) == 5


def test_pipes_and_sockets_do_not_block(tmp_path):
    make_folder(tmp_path, {"a.py": "x"})
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / ".moorageignore")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket.py"))
        found = scan(tmp_path)
        by_reading = {name: read_text(tmp_path / name) for name in ("pipe.py", "socket.py")}

    assert paths(found) == ["a.py"]
    assert reasons(found) == {"not_regular": (".moorageignore", "pipe.py", "socket.py")}
    assert by_reading == dict.fromkeys(by_reading, LeftOut.NOT_REGULAR)


@pytest.mark.parametrize("make", [make_folder, make_repository])
def test_what_may_not_be_read_is_left_out(open_folder, make):
    make(open_folder, {"a.py": "x"})
    make_folder(open_folder, {"closed/b.py": "x", "closed.py": "x"})
    (open_folder / "closed").chmod(0)
    (open_folder / "closed.py").chmod(0)

    with without_rights(open_folder):
        found = scan(open_folder)
        text = read_text(open_folder / "closed.py")
    (open_folder / "closed").chmod(stat.S_IRWXU)

    assert paths(found) == ["a.py", "closed.py"]
    assert reasons(found) == {"unreadable": ("closed/",)}
    assert text is LeftOut.UNREADABLE


# Reading


def said(tmp_path: Path, content: bytes, name: str = "a.py") -> str | LeftOut:
    (tmp_path / name).write_bytes(content)
    read = read_text(tmp_path / name)
    return read.text if isinstance(read, FileText) else read


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("naïve €".encode(), "naïve €"),
        (b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n"),
        ("zwölf".encode("utf-16"), "zwölf"),
        ("zwölf".encode("utf-32"), "zwölf"),
        (b"\xfe\xff" + "zwölf".encode("utf-16-be"), "zwölf"),
        ("zwölf Boxkämpfer".encode("utf-16-le"), "zwölf Boxkämpfer"),
        ("zwölf Boxkämpfer".encode("utf-16-be"), "zwölf Boxkämpfer"),
        ("zwölf “quoted” €".encode("cp1252"), "zwölf “quoted” €"),
        (b"caf\xe9 \x81", "caf\xe9 \x81"),
        ("# coding: shift_jis\n# 日本語".encode("shift_jis"), "# coding: shift_jis\n# 日本語"),
        ("# -*- coding: koi8-r -*-\n# привет".encode("koi8-r"), "# -*- coding: koi8-r -*-\n# привет"),
        ("# coding: rot13\n# ä".encode("cp1252"), "# coding: rot13\n# ä"),
        (b"", ""),
    ],
)
def test_text_is_read_in_its_encoding(tmp_path, content, text):
    assert said(tmp_path, content) == text


@pytest.mark.parametrize(
    "content", [b"\x7fELF\0\0", b"text\0text", bytes(range(1, 256)) * 4, b"\xff\xfea", b"\xff\xfea\0\0\0b\0"]
)
def test_what_is_no_text_is_binary(tmp_path, content):
    assert said(tmp_path, content) is LeftOut.BINARY


def test_the_hash_is_that_of_the_raw_bytes(tmp_path):
    with_mark, without = tmp_path / "a", tmp_path / "b"
    with_mark.write_bytes(b"\xef\xbb\xbfx")
    without.write_bytes(b"x")

    first, second = read_text(with_mark), read_text(without)

    assert isinstance(first, FileText)
    assert isinstance(second, FileText)
    assert first.text == second.text
    assert first.content_hash != second.content_hash
    assert len(first.content_hash) == 16


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        f'key = """{KEY}"""',
        '{"private_key": "' + KEY.replace("\n", "\\n") + '"}',
        KEY.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
        KEY.replace("RSA", "ENCRYPTED").replace("-----\nM", "-----\nProc-Type: 4,ENCRYPTED\n\nM"),
    ],
)
def test_a_private_key_is_a_secret(tmp_path, content):
    assert said(tmp_path, content.encode()) is LeftOut.SECRET


def test_code_that_only_knows_of_private_keys_is_read(tmp_path):
    text = 'if line == "-----BEGIN RSA PRIVATE KEY-----":\n    return parse(line)\n'

    assert said(tmp_path, text.encode()) == text


@pytest.mark.parametrize(
    "content",
    [
        "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage x\n",
        "# Generated by the protocol buffer compiler.  DO NOT EDIT!\n",
        "/**\n * @generated SignedSource<<x>>\n */\n",
        "<!-- This file is automatically generated,\n-->\n<!-- do not modify -->",
        "// <auto-generated>\nclass X {}",
        "#!/bin/sh\n# DO NOT EDIT: this file was generated by make\n",
    ],
)
def test_a_header_that_says_so_makes_a_file_generated(tmp_path, content):
    assert said(tmp_path, content.encode()) is LeftOut.GENERATED


@pytest.mark.parametrize(
    "content",
    [
        'MARK = "@generated"\nOTHER = "Code generated by x. DO NOT EDIT."\n',
        "x = 1\n" * 30 + "# Code generated by us. DO NOT EDIT.\n",
        "# ids are generated by the database\n",
    ],
)
def test_code_about_generated_code_is_read(tmp_path, content):
    assert said(tmp_path, content.encode()) == content


@pytest.mark.parametrize(
    ("name", "line", "lines", "is_minified"),
    [
        ("a.js", 200, 20, True),
        ("a.js", 60, 100, False),
        ("a.js", 1_000, 1, False),
        ("a.py", 200, 20, False),
        ("a.json", 5_000, 1, True),
        ("a.md", 5_000, 3, False),
    ],
)
def test_long_lines_make_a_file_minified_unless_it_is_prose(tmp_path, name, line, lines, is_minified):
    text = "\n".join(["x" * line] * lines)

    assert said(tmp_path, text.encode(), name) == (LeftOut.MINIFIED if is_minified else text)


def test_reading_stops_at_the_limit_at_links_and_at_what_is_gone(tmp_path):
    make_folder(tmp_path, {"a.py": "x" * 11})
    (tmp_path / "link.py").symlink_to("a.py")

    assert read_text(tmp_path / "a.py", ScanLimits(max_file_bytes=10)) is LeftOut.TOO_LARGE
    assert read_text(tmp_path / "link.py") is LeftOut.NOT_REGULAR
    assert read_text(tmp_path) is LeftOut.NOT_REGULAR
    assert read_text(tmp_path / "missing.py") is LeftOut.GONE


# Roots


def test_a_root_is_resolved(tmp_path, monkeypatch):
    real = make_folder(tmp_path / "home/project", {})
    (tmp_path / "home/link").symlink_to("project")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    for typed in (f"{real}", f"{real}/", f"{real}/../project", f"{tmp_path}/home/link", "~/project"):
        assert resolve_root(typed, [tmp_path]) == real


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("project", "is not absolute"),
        ("./project", "is not absolute"),
        ("~no_such_user_here/x", "home folder"),
        ("{root}/a\0b", "control character"),
        ("{root}/a\nb", "control character"),
        ("{root}/a\ud800b", "control character"),
        ("{root}/" + "a" * 5_000, "more than 4096 characters"),
        ("{root}/" + "a" * 300, "does not exist"),
        ("{root}/missing", "does not exist"),
        ("{root}/file.py", "is not a folder"),
        ("{root}/escape", "is outside"),
        ("{root}/../elsewhere", "is outside"),
        ("/", "is outside"),
        ("/no/such/folder", "is outside"),
    ],
)
def test_an_unfit_root_is_refused_by_name_value_and_way_out(tmp_path, typed, problem):
    root = make_folder(tmp_path / "root", {"file.py": "x"})
    make_folder(tmp_path / "elsewhere", {})
    (root / "escape").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnfitRoot, match=problem) as caught:
        resolve_root(typed.replace("{root}", str(root)), [root])

    error = caught.value
    assert isinstance(error, InvalidInput)
    assert error.message.startswith("repo_path ")
    assert error.details["field"] == "repo_path"
    assert error.hint
    assert len(error.message) < 300


def test_nothing_may_be_indexed_without_allowed_roots(tmp_path):
    with pytest.raises(UnfitRoot, match="is outside"):
        resolve_root(str(tmp_path), [])


def test_an_allowed_root_may_itself_be_a_link(tmp_path):
    real = make_folder(tmp_path / "real/project", {})
    (tmp_path / "link").symlink_to("real")

    assert resolve_root(str(real), [tmp_path / "link"]) == real


def test_a_folder_that_cannot_be_entered_is_refused(open_folder):
    closed = make_folder(open_folder / "closed", {})
    closed.chmod(0)
    with without_rights(open_folder), pytest.raises(UnfitRoot, match="cannot be read"):
        resolve_root(str(closed), [open_folder])
    closed.chmod(stat.S_IRWXU)
