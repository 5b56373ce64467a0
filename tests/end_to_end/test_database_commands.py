"""Databases as a person at the shell uses them: `moorage db`."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from moorage import cli
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connected
from tests.support.many_databases import FreshDatabase, fresh_database

Db = Callable[..., Result]
SECRET = "hunter2-and-more"
WAIT_SECONDS = 30
COMMAND = (sys.executable, "-m", "moorage", "db")


@pytest.fixture(scope="module")
def bench(address: Address) -> Iterator[FreshDatabase]:
    with asyncio.Runner() as loop:
        opened = fresh_database(address)
        yield loop.run(opened.__aenter__())
        loop.run(opened.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def variables(bench: FreshDatabase, data_folder: Path, tmp_path: Path) -> dict[str, str]:
    """A data folder where no PostgreSQL is, and a file with four databases: one is down, one may be written."""
    place = {"hostname": bench.definition().hostname, "port": bench.definition().port, "database": bench.name}
    databases = {
        "shop": {**place, "username": bench.reader, "password": SECRET, "description": "Orders.", "tags": ["sales"]},
        "stock": {**place, "username": bench.owner, "readonly": False, "tags": ["sales"]},
        "tiny": {**place, "username": bench.reader, "limits": {"rows": 10, "max_rows": 10}},
        "dead": {"hostname": "127.0.0.1", "port": 9, "database": "x", "username": "y"},
    }
    queries = {
        "orders_of": {
            "description": "Orders of a customer.",
            "sql": "SELECT id FROM bench.orders WHERE customer_id = :customer ORDER BY id LIMIT :most",
            "databases": ["shop"],
            "parameters": [
                {"name": "customer", "type": "integer"},
                {"name": "most", "type": "integer", "default": 2},
            ],
        }
    }
    file = tmp_path / "moorage.yaml"
    file.touch(mode=0o600)
    settings = {"default_database": "shop", "databases": databases, "queries": queries}
    file.write_text(yaml.safe_dump({**settings, "sql": {"include_projects": False}}))
    return {"MOORAGE_HOME": str(data_folder), "MOORAGE_CONFIG": str(file), "COLUMNS": "120"}


@pytest.fixture
def db(variables: dict[str, str]) -> Iterator[Db]:
    """Call `moorage db ...` in this process; what fails fails the test unless a status is expected."""
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        patch.setattr(cli, "configure_logging", lambda **_: None)  # it would keep the runner's stderr
        runner = CliRunner(env=variables)

        def call(*words: str, status: int | None = 0, typed: str | None = None) -> Result:
            result = runner.invoke(cli.app, ["db", *words], input=typed)
            assert status in (result.exit_code, None), f"{words}\n{result.output}\n{result.exception!r}"
            return result

        yield call


def rows_of(result: Result) -> list[list[Any]]:
    return json.loads(result.stdout)["rows"]


def test_a_list_says_what_may_be_done_and_which_is_the_default(db: Db):
    lines = {line.split()[0]: line for line in db("list", "--tag", "sales").stdout.splitlines()[2:]}
    assert set(lines) == {"shop", "stock"}
    assert lines["shop"].split()[1:] == ["*", "read", "direct_postgres", "sales", "Orders."]
    assert "read,insert,update,delete" in lines["stock"]
    listed = json.loads(db("list", "--search", "orders", "--json").stdout)
    assert [(each["id"], each["is_default"], each["state"]) for each in listed] == [("shop", True, None)]


def test_a_check_connects_to_each_and_fails_when_one_is_down(db: Db):
    found = {each["id"]: each["state"] for each in json.loads(db("list", "--check", "--json", status=1).stdout)}
    assert found["dead"] == "down: the database does not answer: connection refused"
    assert found["shop"].startswith("up, ")
    assert found["stock"].endswith("role too powerful")


def test_what_is_shown_of_a_database_holds_no_secret(db: Db, bench: FreshDatabase):
    shown, for_programs = db("show", "shop"), json.loads(db("show", "shop", "--json").stdout)
    assert bench.reader in shown.stdout
    assert "PostgreSQL" in shown.stdout
    assert SECRET not in shown.output + json.dumps(for_programs)
    assert for_programs["definition"]["tags"] == ["sales"]
    assert for_programs["trial"]["login"] == bench.reader


def test_a_database_is_added_tried_changed_and_removed(db: Db, variables: dict[str, str], bench: FreshDatabase):
    place = bench.definition()
    options = ("--host", place.hostname, "--port", str(place.port), "--name", bench.name, "--user", bench.reader)
    added = db("add", "new", *options, "--ask-password", "--write", "insert", typed="a${b}\n")
    assert f"new added to {variables['MOORAGE_CONFIG']}" in added.stdout
    assert "new answers" in db("test", "new").stdout
    db("change", "new", "--set", "limits.rows=7", "--unset", "writes", "--unset", "readonly")
    kept = yaml.safe_load(Path(variables["MOORAGE_CONFIG"]).read_text())["databases"]["new"]
    assert (kept["password"], kept["limits"], "writes" in kept) == ("a$${b}", {"rows": 7}, False)
    assert "Aborted" in db("remove", "new", status=1, typed="n\n").stderr
    db("remove", "new", "--yes")
    assert "databases.not_found" in db("show", "new", status=1).stderr


def test_a_url_with_a_password_is_neither_taken_nor_repeated(db: Db):
    refused = db("add", "new", "--url", f"postgresql://a:{SECRET}@h/d", status=2)
    assert "--url holds a password" in refused.stderr
    assert SECRET not in refused.output


def test_a_url_is_tried_without_being_kept(db: Db):
    failed = db("test", "--url", "postgresql://nobody@127.0.0.1:9/x", status=1)
    assert "databases.unavailable" in failed.stdout
    assert len(json.loads(db("list", "--json").stdout)) == 4


def test_an_answer_is_a_table_for_people(db: Db):
    table = db("query", "SELECT id, name, NULL AS nothing, '' AS empty FROM bench.customers WHERE id > 8 ORDER BY id")
    assert table.stdout.splitlines() == [
        "id  name         nothing  empty",
        "--  -----------  -------  -----",
        " 9  customer 9   NULL",
        "10  customer 10  NULL",
        "2 rows",
    ]
    assert "-- 1 --\nid  9\n" in db("query", "SELECT 9 AS id", "--expanded").stdout


def test_an_answer_is_csv_tsv_or_json_for_programs(db: Db, tmp_path: Path):
    file = tmp_path / "statement.sql"
    file.write_text("SELECT $1::int + 1 AS n, $2::text AS t, NULL AS nothing;")
    options = ("--file", str(file), "--param", "41", "--param", 'a "b", c')
    assert db("query", *options, "--format", "csv").stdout == 'n,t,nothing\n42,"a ""b"", c",\n'
    assert db("query", *options, "--format", "tsv").stdout == 'n\tt\tnothing\n42\t"a ""b"", c"\t\n'
    assert json.loads(db("query", *options, "--json").stdout) == {
        "columns": ["n", "t", "nothing"],
        "types": ["int4", "text", "text"],
        "rows": [[42, 'a "b", c', None]],
        "database": "shop",
        "row_count": 1,
    }
    assert rows_of(db("query", "--json", "--param", "\\N", typed="SELECT $1::int")) == [[None]]


def test_an_answer_that_is_cut_says_so_beside_it(db: Db):
    cut = db("query", "SELECT generate_series(1, 50) AS n", "-d", "tiny", "--format", "csv")
    assert cut.stdout.split() == ["n", *map(str, range(1, 11))]
    assert "Cut after 10 rows" in cut.stderr
    assert "--all reads all of them" in " ".join(cut.stderr.split())


def test_all_rows_are_read_page_by_page_to_the_end(db: Db):
    sql = "SELECT generate_series(1, 35) AS n"
    whole = db("query", sql, "-d", "tiny", "--all", "--format", "csv")
    assert whole.stdout.split() == ["n", *map(str, range(1, 36))]
    assert whole.stderr == ""
    assert rows_of(db("query", sql, "-d", "tiny", "--all", "--json")) == [[n] for n in range(1, 36)]
    assert rows_of(db("query", sql, "-d", "tiny", "--all", "--json", "--max-rows", "12")) == [[n] for n in range(1, 13)]
    assert rows_of(db("query", "SELECT 1 WHERE false", "-d", "tiny", "--all", "--json")) == []
    assert db("query", sql, "-d", "tiny", "--all").stdout.splitlines()[-1] == "35 rows"


def test_a_write_is_tried_unless_it_is_to_be_kept(db: Db):
    insert = "INSERT INTO bench.customers (id, name) VALUES (77, 'ada') RETURNING id"
    tried = db("query", insert, "-d", "stock")
    assert "1 row tried and rolled back: nothing was written; --commit writes" in tried.stdout
    assert rows_of(db("query", "SELECT id FROM bench.customers WHERE id = 77", "--json")) == []
    assert "1 row written" in db("query", insert, "-d", "stock", "--commit").stdout
    deleted = json.loads(
        db("query", "DELETE FROM bench.customers WHERE id = 77", "-d", "stock", "--commit", "--json").stdout
    )
    assert deleted == {"database": "stock", "rows_affected": 1, "committed": True}
    assert "databases.write_not_allowed" in db("query", insert, status=1).stderr


def test_an_error_points_at_its_place(db: Db):
    failed = db("query", "SELECT 1,\n  nam FROM bench.customers", status=2)
    assert "databases.query_failed" in failed.stderr
    assert "\n    nam FROM bench.customers\n    ^\n" in failed.stderr
    assert "  SELEC 1\n  ^" in db("query", "SELEC 1", status=2).stderr


def test_statements_that_are_none_are_a_usage_error(db: Db):
    assert "Give one of the two" in db("query", "SELECT 1", "--file", "x.sql", status=2).stderr
    assert "cannot be read" in db("query", "--file", "no-such.sql", status=2).stderr
    assert "sql is empty" in db("query", typed="", status=2).stderr


def test_nothing_that_a_database_says_reaches_the_terminal_as_a_command(db: Db):
    hostile = "SELECT E'a\\x1b[31mb\\u009b2J' AS \"c\x1b[2J\", E'\\u202ereversed' AS d"
    for shape in ("table", "json"):
        found = db("query", hostile, "--format", shape).output
        assert not {"\x1b", "\x9b", "\u202e"} & set(found)
    assert "\x1b" not in db("query", 'SELECT * FROM bench."x\x1b[31m"', status=2).stderr


def test_a_thousand_columns_are_shown(db: Db):
    sql = "SELECT " + ", ".join(f"{n} AS c{n}" for n in range(1_000))
    assert db("query", sql).stdout.splitlines()[2].split() == [str(n) for n in range(1_000)]


def test_many_databases_are_one_table_and_a_failure_is_told(db: Db):
    sql = "SELECT count(*) AS n FROM bench.customers"
    found = db("everywhere", sql, "-d", "shop", "-d", "dead", "-d", "stock", status=1)
    assert [line.split() for line in found.stdout.splitlines()[2:4]] == [["shop", "10"], ["stock", "10"]]
    assert "dead: databases.unavailable" in found.stderr
    assert db("everywhere", sql, "--tag", "sales", "--format", "csv").stdout == "database_id,n\nshop,10\nstock,10\n"
    assert json.loads(db("everywhere", sql, "-d", "shop", "--json").stdout)["answered"] == 1


def test_databases_are_looked_into(db: Db):
    assert "tables in bench: customers, orders" in db("search", "*", "--kind", "table").stdout
    assert "CREATE TABLE bench.orders" in db("schema", "orders", "--schema", "bench").stdout
    assert "no differences" in db("compare", "shop", "tiny").stdout


def test_plans_workload_and_advice_are_for_people_and_programs(db: Db):
    sql = "SELECT * FROM bench.orders WHERE id = $1"
    assert "planned only" in db("explain", sql).stdout
    assert "ran" in db("explain", sql, "--param", "1", "--analyze").stdout
    assert "Plan" in json.loads(db("explain", sql, "--format", "json").stdout)["plan"]
    assert json.loads(db("top", "--json").stdout)["database"] == "shop"
    assert json.loads(db("advise", sql, "--json").stdout)["advices"] == []


def test_health_ends_with_a_status_that_says_whether_all_is_well(db: Db):
    healthy = db("health", status=None)  # other tests of this process turn off what a healthy server has on
    assert healthy.stdout.startswith("shop: PostgreSQL")
    assert healthy.exit_code == int("ERROR" in healthy.stdout)
    assert db("health", "shop", "dead", status=1).stdout.splitlines()[1] == "dead: does not answer"
    told = json.loads(db("health", "--tag", "sales", "--json", status=None).stdout)
    assert [each["database"] for each in told] == ["shop", "stock"]


def test_a_saved_query_is_listed_and_run(db: Db):
    assert "customer: integer" in db("saved").stdout
    assert db("saved", "orders_of", "customer=3", "--format", "csv").stdout == "id\n2\n12\n"
    assert "customer is missing" in db("saved", "orders_of", status=2).stderr


def test_what_was_run_is_in_the_audit_log_until_it_is_purged(db: Db):
    db("query", "SELECT 'secret' AS audited")
    db("query", "DELETE FROM bench.orders", status=1)
    (entry, *_) = json.loads(db("audit", "shop", "--since", "1h", "--outcome", "ok", "--json").stdout)["entries"]
    assert (entry["statement"], entry["kind"]) == ("SELECT $1 AS audited", "read")
    assert "databases.wri" in db("audit", "--limit", "1").stdout
    assert "is no time" in db("audit", "--since", "soon", status=2).stderr
    assert "--purge needs --until" in db("audit", "--purge", status=2).stderr
    assert "0 entries deleted" in db("audit", "--purge", "--until", "1d", "--yes").stdout


def test_a_reading_role_is_printed_or_made(
    db: Db, bench: FreshDatabase, address: Address, monkeypatch: pytest.MonkeyPatch
):
    role, admin = f"r_{bench.name}", bench.as_superuser()
    if admin.password is not None:
        monkeypatch.setenv("PGPASSWORD", admin.password.get_secret_value())
    url = f"postgresql://{admin.username}@/postgres?host={admin.hostname}&port={admin.port}"
    assert f'CREATE ROLE "{role}"' in db("grant-readonly", "shop", "--role", role).stdout
    made = db("grant-readonly", "shop", "--role", role, "--schema", "bench", "--run-as", url)
    assert made.stdout == f"{role} reads {bench.name} and does nothing else\n"
    assert asyncio.run(_may_read_and_is_dropped(address, bench, role))
    assert "--run-as: a URL begins with" in db("grant-readonly", "shop", "--run-as", "nowhere", status=2).stderr


async def _may_read_and_is_dropped(address: Address, bench: FreshDatabase, role: str) -> bool:
    async with connected(address, bench.name) as connection:
        may = await connection.fetchval("SELECT has_table_privilege($1, 'bench.orders', 'SELECT')", role)
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        return may


def test_statements_of_a_pipe_are_run_one_after_the_other(db: Db):
    typed = (
        "SELECT 1 AS a; SELECT\n2 AS b;\n\\x\nSELECT 'x;y' AS c;\n\\d bench.orders\n\\dt cust\n\\l\n\\c stock\n\\?\n"
    )
    found = db("shell", typed=typed + "SELECT current_user AS me\n").stdout
    assert found.startswith("a\n-\n1\n1 row\nb\n-\n2\n1 row\nA line for each value.\n-- 1 --\nc  x;y\n")
    for part in ("CREATE TABLE bench.orders", "customers", "Orders.", "In stock.", "\\timing", "me  owner_"):
        assert part in found
    failed = db("shell", typed="\\nothing\nSELEC;\nSELECT 3 AS still;\n\\q\nSELECT 4;", status=1)
    assert "there is no command \\nothing" in failed.stderr
    assert failed.stdout == "still\n-----\n    3\n1 row\n"


def test_a_write_in_a_pipe_is_only_tried(db: Db):
    insert = "INSERT INTO bench.customers (id, name) VALUES (78, 'b');"
    assert "nothing was written" in db("shell", "-d", "stock", typed=insert).stdout


def test_a_database_of_others_needs_no_postgresql_of_ours(db: Db, variables: dict[str, str], tmp_path: Path):
    """Although project databases are there as well, for calls that may mean them."""
    file, folder = Path(variables["MOORAGE_CONFIG"]), tmp_path / "fresh"
    settings = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**settings, "sql": {}, "home": str(folder)}))
    variables.pop("MOORAGE_HOME")
    db("query", "SELECT 1")
    db("show", "shop")
    assert [each.name for each in folder.iterdir()] == ["audit"]


def test_project_databases_are_databases_too(home: Path, address: Address):
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        patch.setattr(cli, "configure_logging", lambda **_: None)
        runner = CliRunner(env={"MOORAGE_HOME": str(home)})
        assert runner.invoke(cli.app, ["project", "create", "of_commands"]).exit_code == 0
        words = ["SELECT count(*) AS n FROM codebase.files", "-d", "project:of_commands", "--format", "csv"]
        found = runner.invoke(cli.app, ["db", "query", *words])
        listed = runner.invoke(cli.app, ["db", "list", "--search", "of_commands"])
        assert runner.invoke(cli.app, ["project", "delete", "of_commands", "--yes"]).exit_code == 0
    assert found.stdout == "n\n0\n"
    assert "project:of_commands" in listed.stdout


def test_a_reader_that_leaves_early_is_no_failure_to_tell_of(variables: dict[str, str]):
    sql = "SELECT generate_series(1, 100000) AS n, repeat('x', 100) AS x"
    command = [*COMMAND, "query", sql, "--all", "--format", "csv"]
    with subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"n,x\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(WAIT_SECONDS) == 1


class Terminal:
    """A terminal with somebody at it, and the program that runs there."""

    def __init__(self, command: list[str], variables: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, env=os.environ | variables | {"TERM": "dumb"}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, close_fds=True,
        )  # fmt: skip
        os.close(theirs)
        self._seen = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, expected: str) -> str:
        """Return what is shown until this is, and forget it."""
        while expected not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], WAIT_SECONDS)
            assert ready, f"{expected!r} did not come after {self._seen!r}"
            self._seen += os.read(self._ours, 65_536).decode()
        before, _, self._seen = self._seen.partition(expected)
        return before

    def close(self) -> None:
        self.process.kill()
        self.process.wait(WAIT_SECONDS)
        os.close(self._ours)


def test_somebody_at_a_prompt_interrupts_writes_and_leaves(
    data_folder: Path, variables: dict[str, str], address: Address
):
    terminal = Terminal([*COMMAND, "shell", "-d", "stock"], variables)
    try:
        terminal.until("stock=> ")
        terminal.type("SELECT count(*) FROM generate_series(1, 100000000000);\n")
        _wait_for_statement(address, "generate_series(1, 100000000000)")
        terminal.process.send_signal(signal.SIGINT)
        terminal.until("stock=> ")
        _wait_for_statement(address, "generate_series(1, 100000000000)", is_running=False)
        terminal.type("INSERT INTO bench.customers (id, name) VALUES (79, 'c');\n")
        assert "It concerns 1 rows." in terminal.until("Write it? [y/N]: ")
        terminal.type("n\n")
        assert "databases.not_confirmed" in terminal.until("stock=> ")
        terminal.type("DELETE FROM bench.customers WHERE id = 79;\n")
        terminal.until("Write it? [y/N]: ")
        terminal.type("y\n")
        assert "0 rows written" in terminal.until("stock=> ")
        terminal.type("\x04")
        assert terminal.process.wait(WAIT_SECONDS) == 0
    finally:
        terminal.close()
    history = data_folder / "sql_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "DELETE FROM bench.customers WHERE id = 79;" in history.read_text()


def test_somebody_at_a_terminal_is_asked_before_a_query_writes(variables: dict[str, str]):
    delete = "DELETE FROM bench.customers WHERE id = 80"
    terminal = Terminal([*COMMAND, "query", delete, "-d", "stock", "--commit"], variables)
    try:
        terminal.until("Write it? [y/N]: ")
        terminal.type("\n")
        terminal.until("databases.not_confirmed")
        assert terminal.process.wait(WAIT_SECONDS) == 1
    finally:
        terminal.close()


def _wait_for_statement(address: Address, part: str, *, is_running: bool = True) -> None:
    """Wait until a statement runs in PostgreSQL, or none does.

    One that is active for a while is past being understood: then it is what a cancel request ends.
    """

    async def look() -> None:
        async with connected(address, "postgres") as connection, asyncio.timeout(WAIT_SECONDS):
            sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
            if is_running:
                sql += " AND clock_timestamp() > query_start + interval '0.2 s'"
            while bool(await connection.fetchval(f"{sql} AND strpos(query, $1) > 0", part)) is not is_running:
                await asyncio.sleep(0.02)

    asyncio.run(look())
