"""The examples that `--help` shows, run as they stand."""

from __future__ import annotations

from pathlib import Path
from shlex import split
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from moorage import cli
from moorage.reference import examples, walk_commands

COMMAND: Any = get_command(cli.app)

# In the order of a first day; what is typed where a command asks.
RUN = {
    "moorage project create website --description 'Marketing site'": "",
    "moorage project list --json": "",
    "moorage index . --project website": "",
    "moorage search 'where are retries scheduled' --language python": "",
    "moorage outline src/app.py": "",
    "moorage repo list": "",
    "moorage repo status": "",
    "moorage workflow new task 'Mend the roof' --field priority=high": "",
    "moorage workflow list --where status=pending --sort priority": "",
    "moorage workflow types index": "",
    "moorage workflow claim T-1 --minutes 60": "",
    "moorage workflow renew 1 --minutes 60": "",
    "moorage workflow release 1": "",
    "moorage workflow move T-1 in_progress": "",
    "moorage workflow edit T-1 --field priority=low --unset assignee": "",
    "moorage workflow comment T-1 'The tiles come on Monday.'": "",
    "moorage workflow refer T-1 src/roof.py:10-20": "",
    "moorage workflow show T-1": "",
    "moorage workflow board --type task": "",
    "moorage workflow ready --type task": "",
    "moorage workflow prime": "",
    "moorage workflow why T-1": "",
    "moorage workflow tree T-1": "",
    "moorage workflow history T-1 --diff 1 2": "",
    "moorage workflow revert T-1 1": "",
    "moorage workflow as-of 2026-11-21T18:30 --type task": "",
    "moorage workflow changes --since 2026-11-21T18:30": "",
    "moorage workflow path": "",
    "moorage workflow types register note note.json --description 'A note'": "",
    "moorage workflow types evolve note note.json --steps steps.json --dry-run": "",
    "moorage workflow types migrate note": "",
    "moorage workflow types history note": "",
    "moorage workflow types list": "",
    "moorage workflow types packs": "",
    "moorage workflow types show task": "",
    "moorage workflow types delete note": "",
    "moorage workflow deploy record 4f2a9c1 --environment staging": "",
    "moorage workflow deploy list --status deployed": "",
    "moorage workflow deploy live": "",
    "moorage workflow deploy figures --since 2026-01-01": "",
    "moorage workflow import TODO.md --format markdown --dry-run": "",
    "moorage workflow export work-items": "",
    "moorage workflow delete T-1": "",
    "moorage workflow restore T-1": "",
    "moorage workflow purge --dry-run": "",
    "moorage db list --check": "",
    "moorage db query 'SELECT count(*) FROM codebase.files' -d project:website": "",
    "moorage db query 'SELECT $1::int + 1' --param 41 --format csv -d project:website": "",
    "moorage db shell -d project:website": "\\d codebase.files\nSELECT 1;\n",
    "moorage db search 'file*' -d project:website --detail columns": "",
    "moorage db schema codebase.files -d project:website": "",
    "moorage db explain 'SELECT * FROM codebase.files' -d project:website --analyze": "",
    "moorage db advise 'SELECT * FROM codebase.files' -d project:website": "",
    "moorage db top project:website": "",
    "moorage db show project:website": "",
    "moorage db test project:website": "",
    "moorage db everywhere 'SELECT count(*) FROM codebase.files' --database '*'": "",
    "moorage db saved": "",
    "moorage db audit --since 1d --outcome refused --json": "",
    "moorage db grant-readonly project:website --role website_reader": "",
    "moorage db add shop --url postgresql://reader@db.example.com/shop --password-file shop.secret": "",
    "moorage db change shop --set limits.rows=500 --unset role": "",
    "moorage db remove shop --yes": "",
    "moorage project show website": "",
    "moorage project stats website": "",
    "moorage project edit website --title 'Marketing site'": "",
    "moorage project quota website --max-size 2GB": "",
    "moorage project snapshot website --label before": "",
    "moorage project snapshots website": "",
    "moorage project rollback website --to website_before": "website\n",
    "moorage project clone website website_next": "",
    "moorage db compare project:website project:website_next": "",
    "moorage project archive website": "",
    "moorage project unarchive website": "",
    "moorage token create ada --scope write --expires 30d": "",
    "moorage token list --json": "",
    "moorage token revoke ada": "",
    "moorage migrate --dry-run": "",
    "moorage migrate --jobs 16 --json": "",
    "moorage backup --keep 14": "",
    "moorage backup --to copies --project website": "",
    "moorage backups --json": "",
    "moorage verify": "",
    "moorage restore --project website --as website_then": "",
    "moorage restore --project website --replace --dry-run": "",
    "moorage project role website": "",
    "moorage project role website --write --sql": "",
    "moorage doctor --project website --fix --yes": "",
    "moorage doctor --sql": "",
    "moorage settings --json": "",
    "moorage install claude-code --write": "",
    "moorage repo remove website": "",
    "moorage project delete website": "website\n",
}
# They serve until stopped, stop the server that tests share, look at all that tests break, or want an id, a run
# under way or a second server.
NOT_RUN = {
    "moorage db health project:website --json",  # ends with 1: other tests of this process turned off fsync
    "moorage up ~/src/website --search 'where are sessions stored'",
    "moorage serve --transport stdio",
    "moorage serve codebase --port 8001",
    "moorage down",
    "moorage doctor --json",
    "moorage chunks 0b1c… --context 20",
    "moorage repo cancel",
    "moorage workflow link T-2 blocks T-1",
    "moorage workflow unlink T-2 blocks T-1",
    "moorage workflow deploy compare staging production",
    "moorage project move website --to archive",
    "moorage verify copies/moorage-20261121T020000Z --json",
}


@pytest.fixture
def website(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the one the examples speak of, and we are in it."""
    folder = tmp_path / "website"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("def schedule_retries():\n    return 'later'\n", encoding="utf-8")
    (folder / "TODO.md").write_text("- [ ] Paint the door\n", encoding="utf-8")
    (folder / "note.json").write_text('{"type": "object", "properties": {"title": {"type": "string"}}}')
    (folder / "steps.json").write_text('[{"step": "set_default", "field": "title", "value": "untitled"}]')
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("website", "address")
def test_they_work_one_after_the_other(home: Path, monkeypatch: pytest.MonkeyPatch):
    """In a registry of their own: the token would shut the servers of other tests."""
    monkeypatch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
    variables = {"HOME": str(home), "PROJECT": "website", "POSTGRES__DATABASE": "registry_of_examples"}
    runner = CliRunner(env={f"MOORAGE_{name}": value for name, value in variables.items()})
    for line, typed in RUN.items():
        result = runner.invoke(cli.app, split(line)[1:], input=typed)
        assert result.exit_code == 0, f"{line}\n{result.output}"
    for copy in ("website_next", "website_before", "website_then"):
        assert runner.invoke(cli.app, ["project", "delete", copy, "--yes"]).exit_code == 0


def test_every_example_is_run_or_left_out_on_purpose():
    assert {line for _, command in walk_commands(COMMAND) for line in examples(command)} == RUN.keys() | NOT_RUN
