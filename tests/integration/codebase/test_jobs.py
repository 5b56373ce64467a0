"""Index runs that are killed, taken over, cancelled, handed on, or begun twice: nothing is lost, nothing is twice."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.codebase import indexing, store
from moorage.codebase.errors import AlreadyIndexing, JobLost, RepositoryNotFound
from moorage.codebase.indexing import IndexRun
from moorage.codebase.scanning import ScanLimits
from moorage.core.postgres.errors import ServerUnavailable
from moorage.core.postgres.pools import connect
from tests.support.gated_embedder import GatedEmbedder
from tests.support.index_checks import check_index
from tests.support.indexing_process import go_on, indexing_process, said
from tests.unit.codebase.repositories import make_folder

WAIT = 30.0
FILES = {f"f{number}.py": f"def ship{number}():\n    return 'harbour {number}'\n" for number in range(6)}


@pytest.fixture(autouse=True)
def one_file_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH_FILES", 1)


@pytest.fixture
def port(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "port", FILES)
    for name in FILES:
        os.utime(folder / name, (0, 0))  # a file as young as its reading would be read again
    return folder


@pytest.fixture
async def own(project, address):
    """A connection to the project's database beside all pools, from which a test looks and meddles."""
    connection = await connect(address, project.database_name)
    yield connection
    await connection.close()


async def index(codebase, project, folder: Path, **options):
    return await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT, **options)


async def let_lease_run_out(own) -> None:
    await own.execute("UPDATE codebase.index_jobs SET lease_until = now() - interval '1 second'")


async def until(own, query: str) -> None:
    """Wait until a query gives a row; what sessions do is looked at anew each time, also inside a transaction."""
    async with asyncio.timeout(WAIT):
        while await own.fetchrow(query) is None:
            await asyncio.sleep(0.01)
            await own.execute("SELECT pg_stat_clear_snapshot()")


async def status_at_last(codebase, project):
    """Return how the run ended; calls that meet a connection that was cut a moment ago are repeated, as they say."""
    async with asyncio.timeout(WAIT):
        while True:
            try:
                return await codebase.index_status(project.name, None, wait_seconds=WAIT)
            except ServerUnavailable:
                continue


@asynccontextmanager
async def locked(own, statement: str):
    """Hold a lock on which an index run has to stop in the middle of a transaction, and wait until it does."""
    async with own.transaction():
        await own.execute(statement)
        yield lambda: until(
            own, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )


async def test_two_services_index_a_repository_at_once_in_one_run(serving, project, own, port: Path):
    async with serving() as one, serving() as other:
        ends = await asyncio.gather(*(index(each, project, port) for each in (one, other, one, other)))
    assert {each.status for each in ends} == {"completed"}
    assert {each.total_files for each in ends} == {len(FILES)}
    assert await own.fetchval("SELECT sum(files_done) FROM codebase.index_jobs") == len(FILES)
    await check_index(own, port, list(FILES))


async def test_two_processes_index_a_repository_at_once_in_one_run(serving, project, own, port: Path, address):
    async with indexing_process(address, project.name, port, hold_at=3) as process, serving() as here:
        assert await said(process) == "holding"
        following = asyncio.create_task(index(here, project, port))
        await go_on(process)
        assert await said(process) == "completed"
        status = await following
    assert (status.status, status.total_files) == ("completed", len(FILES))
    assert await own.fetchval("SELECT sum(files_done) FROM codebase.index_jobs") == len(FILES)
    await check_index(own, port, list(FILES))


async def test_a_batch_that_waits_for_a_table_keeps_no_heartbeat_waiting(serving, project, own, port: Path, address):
    """Building the vector index of one repository holds up the batches of another for as long as it takes."""
    looking = await connect(address, project.database_name)
    async with serving(workers=1) as codebase:
        async with locked(own, "LOCK TABLE codebase.code_chunks IN SHARE MODE") as waited:
            await codebase.index_repository(project.name, str(port), wait_seconds=0)
            await waited()
            assert await looking.fetchval("SELECT count(*) FROM codebase.index_jobs") == 1
            await looking.execute("SELECT FROM codebase.index_jobs FOR UPDATE NOWAIT")
        status = await index(codebase, project, port)
    await looking.close()
    assert status.total_files == len(FILES)


async def test_all_of_it_is_refused_while_it_is_being_indexed(serving, project, port: Path):
    embedder = GatedEmbedder()
    async with serving(embedder, workers=1) as codebase:
        await codebase.index_repository(project.name, str(port), wait_seconds=0)
        with pytest.raises(AlreadyIndexing):
            await index(codebase, project, port, full=True)
        embedder.gate.set()


class TestKilled:
    """kill -9 of the process that indexes; the next one goes on."""

    async def go_on_after(self, serving, project, own, port: Path) -> None:
        await let_lease_run_out(own)
        async with serving() as codebase:
            status = await index(codebase, project, port)
        assert (status.status, status.total_files) == ("completed", len(FILES))
        assert await own.fetchval("SELECT count(*) FROM codebase.index_jobs") == 1
        assert await own.fetchval("SELECT attempts FROM codebase.index_jobs") == 2
        await check_index(own, port, list(FILES))

    @pytest.mark.parametrize("batch", [1, 3, 6])
    async def test_before_a_batch(self, serving, project, own, port: Path, address, batch: int):
        async with indexing_process(address, project.name, port, hold_at=batch) as process:
            assert await said(process) == "holding"
            process.kill()
        assert await own.fetchval("SELECT count(*) FROM codebase.files") < batch
        await self.go_on_after(serving, project, own, port)

    @pytest.mark.parametrize(
        "lock",
        [
            "LOCK TABLE codebase.code_chunks IN SHARE MODE",
            "LOCK TABLE codebase.postings IN SHARE MODE",
            "LOCK TABLE codebase.embeddings IN SHARE MODE",
            "LOCK TABLE codebase.files IN SHARE MODE",
        ],
    )
    async def test_in_the_middle_of_a_batch(self, serving, project, own, port: Path, address, lock: str):
        async with indexing_process(address, project.name, port, hold_at=3) as process:
            assert await said(process) == "holding"
            async with locked(own, lock) as run_waits:
                await go_on(process)
                await run_waits()
                process.kill()
                await process.wait()
        await self.go_on_after(serving, project, own, port)

    async def test_before_it_says_that_it_is_done(self, serving, project, own, port: Path, address):
        async with indexing_process(address, project.name, port, hold_at=6) as process:
            assert await said(process) == "holding"
            async with locked(own, "SELECT 1 FROM codebase.repositories FOR NO KEY UPDATE") as run_waits:
                await go_on(process)
                await run_waits()
                process.kill()
                await process.wait()
        assert await own.fetchval("SELECT count(*) FROM codebase.files") == len(FILES)
        await self.go_on_after(serving, project, own, port)

    async def test_and_its_lease_runs_out_while_the_next_one_waits(self, serving, project, own, port: Path, address):
        async with indexing_process(address, project.name, port, hold_at=3) as process:
            assert await said(process) == "holding"
            process.kill()
        await own.execute("UPDATE codebase.index_jobs SET lease_until = now() + interval '1 second'")
        async with serving() as codebase:
            assert (await index(codebase, project, port)).status == "completed"
        await check_index(own, port, list(FILES))

    async def test_and_nobody_asks_for_the_index_then_a_search_goes_on_with_it(
        self, serving, project, own, port: Path, address
    ):
        async with indexing_process(address, project.name, port, hold_at=3) as process:
            assert await said(process) == "holding"
            process.kill()
        await let_lease_run_out(own)
        async with serving() as codebase:
            await codebase.search_code(project.name, "harbour")
            assert (await codebase.index_status(project.name, None, wait_seconds=WAIT)).status == "completed"
        await check_index(own, port, list(FILES))


class TestCancelled:
    async def test_from_another_process_it_stops_and_keeps_what_is_written(
        self, serving, project, own, port: Path, address
    ):
        async with indexing_process(address, project.name, port, hold_at=3) as process, serving() as here:
            assert await said(process) == "holding"
            cancelling = asyncio.create_task(here.cancel_indexing(project.name, "port"))
            await until(own, "SELECT 1 FROM codebase.index_jobs WHERE cancel_requested")
            await go_on(process)
            assert (await cancelling).status == "cancelled"
            assert await said(process) == "cancelled"
        assert await own.fetchval("SELECT count(*) FROM codebase.files") == 2
        async with serving() as codebase:
            assert (await codebase.search_code(project.name, "harbour")).outcome == "found"
            assert (await index(codebase, project, port)).files_done == len(FILES) - 2
        await check_index(own, port, list(FILES))

    async def test_in_its_own_process_it_stops_at_the_next_batch(self, serving, project, own, port: Path):
        embedder = GatedEmbedder(hold_at=2)
        async with serving(embedder, workers=1) as codebase:
            await codebase.index_repository(project.name, str(port), wait_seconds=0)
            await embedder.reached.wait()
            cancelling = asyncio.create_task(codebase.cancel_indexing(project.name, None))
            await until(own, "SELECT 1 FROM codebase.index_jobs WHERE cancel_requested")
            embedder.gate.set()
            assert (await cancelling).status == "cancelled"
        assert await own.fetchval("SELECT count(*) FROM codebase.files") == 1

    async def test_a_run_whose_process_died_ends_at_once(self, serving, project, own, port: Path):
        async with serving() as codebase:
            await index(codebase, project, port)
            await own.execute(
                "INSERT INTO codebase.index_jobs (repository_id, runner, lease_until)"
                " SELECT id, gen_random_uuid(), now() - interval '1 second' FROM codebase.repositories"
            )
            await own.execute("UPDATE codebase.repositories SET indexing_status = 'in_progress'")
            assert (await codebase.cancel_indexing(project.name, None)).status == "cancelled"
            assert await own.fetchval("SELECT indexing_status FROM codebase.repositories") == "completed"
            assert (await index(codebase, project, port)).status == "completed"


class TestLeases:
    async def run_of_a_dead_runner(self, connections, project, own, port: Path) -> IndexRun:
        """Return a run whose job has gone to another runner."""
        repository = await store.repository_upsert(own, repo_path=str(port), name="port", folder=str(port))
        job = await store.job_start(own, repository.id, runner=uuid4(), lease=timedelta(seconds=-1), full_reindex=False)
        taken = await store.job_take_over(
            own, repository.id, runner=uuid4(), lease=timedelta(seconds=15), full_reindex=False
        )
        assert job is not None
        assert taken is not None
        embedder = GatedEmbedder(hold_at=10)

        def database():
            return connections.get_project_connection(project.name)

        async def never() -> None: ...

        return IndexRun(
            database, repository, job, embedder, ScanLimits(), workers=1, has_vectors=False, refuse_unwritable=never
        )

    async def test_that_were_lost_make_the_old_runner_write_nothing(self, connections, project, own, port: Path):
        run = await self.run_of_a_dead_runner(connections, project, own, port)
        with pytest.raises(JobLost):
            await run.run()
        assert await own.fetchval("SELECT count(*) FROM codebase.files") == 0
        assert await own.fetchval("SELECT last_indexed_at FROM codebase.repositories") is None

    async def test_that_are_lost_between_two_batches_end_the_old_run(self, serving, project, own, port: Path):
        embedder = GatedEmbedder(hold_at=3)
        async with serving(embedder, workers=1) as old, serving() as new:
            await old.index_repository(project.name, str(port), wait_seconds=0)
            await embedder.reached.wait()
            await let_lease_run_out(own)
            assert (await index(new, project, port)).status == "completed"
            embedder.gate.set()
        assert await own.fetchval("SELECT attempts FROM codebase.index_jobs") == 2
        await check_index(own, port, list(FILES))

    async def test_that_hold_keep_others_out(self, project, own, port: Path):
        repository = await store.repository_upsert(own, repo_path=str(port), name="port", folder=str(port))
        lease = timedelta(seconds=15)
        assert await store.job_start(own, repository.id, runner=uuid4(), lease=lease, full_reindex=False)
        assert not await store.job_start(own, repository.id, runner=uuid4(), lease=lease, full_reindex=False)
        assert not await store.job_take_over(own, repository.id, runner=uuid4(), lease=lease, full_reindex=False)


async def test_a_repository_that_is_removed_ends_the_wait_for_its_index(serving, project, own, port: Path):
    async with serving(GatedEmbedder()) as codebase:
        waiting = asyncio.create_task(index(codebase, project, port))
        await until(own, "SELECT 1 FROM codebase.index_jobs WHERE phase = 'reading'")
        await codebase.remove_repository(project.name, port.name)
        with pytest.raises(RepositoryNotFound):
            await waiting


async def test_a_process_that_ends_in_good_order_hands_its_job_over_at_once(serving, project, own, port: Path):
    embedder = GatedEmbedder(hold_at=3)
    async with serving(embedder, workers=1) as ending:
        await ending.index_repository(project.name, str(port), wait_seconds=0)
        await embedder.reached.wait()
    assert await own.fetchval("SELECT state FROM codebase.index_jobs") == "in_progress"
    async with serving() as codebase:
        status = await index(codebase, project, port)
    assert (status.status, status.total_files) == ("completed", len(FILES))
    await check_index(own, port, list(FILES))


async def test_a_full_disk_is_told_plainly_and_the_next_run_goes_on(
    serving, project, own, port: Path, monkeypatch: pytest.MonkeyPatch
):
    """No disk is filled: a trigger raises what PostgreSQL raises then, SQLSTATE 53100, at the third file."""
    monkeypatch.setattr(indexing, "WRITE_ATTEMPTS", 2)
    await own.execute("""
        CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (SELECT count(*) FROM codebase.files) >= 2 THEN
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON codebase.code_chunks FOR EACH ROW EXECUTE FUNCTION fill_disk();
    """)
    async with serving(workers=1) as codebase:
        status = await index(codebase, project, port)
        assert (status.status, status.error["code"]) == ("failed", "postgres.disk_full")
        assert "No space left on device" in status.message
        assert "Free space" in status.error["hint"]
        assert (await codebase.search_code(project.name, "harbour")).index[0].status == "failed"
        await own.execute("DROP TRIGGER full_disk ON codebase.code_chunks")
        assert (await index(codebase, project, port)).files_done == len(FILES) - 2
    await check_index(own, port, list(FILES))


async def test_connections_cut_by_the_server_between_and_inside_batches_do_not_end_a_run(
    serving, project, own, port: Path
):
    embedder = GatedEmbedder(hold_at=3)
    async with serving(embedder, workers=1) as codebase:
        await codebase.index_repository(project.name, str(port), wait_seconds=0)
        await embedder.reached.wait()
        async with locked(own, "LOCK TABLE codebase.postings IN SHARE MODE") as run_waits:
            embedder.gate.set()
            await run_waits()
            await own.execute("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND datname = current_database()
            """)
        assert (await status_at_last(codebase, project)).status == "completed"
    await check_index(own, port, list(FILES))
