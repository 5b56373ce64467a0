"""What a search answers: places with exact lines, narrowed, in pages, within a budget, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moorage.codebase.errors import ChunkNotFound, FileNotIndexed, InvalidQuery, RepositoryAmbiguous, RepositoryNotFound
from moorage.codebase.models import SearchFilters
from moorage.codebase.service import CodebaseService
from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import UnfitText
from tests.unit.codebase.repositories import make_folder

WAIT = 30.0
CART = '''"""Shopping carts."""


class Cart:
    """What a customer is about to buy."""

    def add_item(self, item, quantity):
        """Put an item into the cart."""
        if quantity < 1:
            raise ValueError(quantity)
        if item not in self.catalog:
            raise KeyError(item)
        if item in self.sold_out:
            raise ValueError(item)
        before = self.items.get(item, 0)
        self.items[item] = before + quantity
        self.changed = True

    def total_price(self, prices):
        """Sum up the prices of all items."""
        return sum(prices[item] * quantity for item, quantity in self.items.items())
'''
RETRY = '''"""Sending again what failed."""

import time


def schedule_retry(job, attempt):
    """Wait longer after each failed attempt, then send the job again."""
    delay = min(2**attempt, 60)
    if job.is_urgent:
        delay = delay / 2
    if job.is_cancelled:
        return None
    if job.is_done:
        return job.answer
    time.sleep(delay)
    job.delay = delay
    job.attempts = attempt + 1
    return job.send()
'''
# What fits into one chunk is one chunk without a symbol of its own, so these files are made larger.
FILLER = "".join(
    f"\n\ndef filler_{name}(value):\n"
    + "".join(f"    value = value * {n} % 7\n" for n in range(20))
    + "    return value\n"
    for name in ("one", "two")
)
TEST = "def test_schedule_retry():\n    assert schedule_retry(job, attempt=1)\n"
SERVER = "export function startServer(port: number) {\n  return listen(port)\n}\n"
GUIDE = "# Guide\n\n## Retries\n\nA failed job is sent again after a delay.\n"
FILES = {
    "src/shop/cart.py": CART + FILLER,
    "src/shop/net/retry.py": RETRY + FILLER,
    "tests/test_retry.py": TEST,
    "web/server.ts": SERVER,
    "docs/guide.md": GUIDE,
}


@pytest.fixture
async def shop(codebase: CodebaseService, project, tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "shop", FILES)
    await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)
    return folder


async def paths(codebase, project, query: str, **filters) -> set[str]:
    results = await codebase.search_code(project.name, query, SearchFilters(**filters), limit=50)
    return {hit.file_path for hit in results.results}


async def test_a_result_is_the_exact_text_of_its_lines(codebase, project, shop: Path):
    results = await codebase.search_code(project.name, "where are failed jobs sent again")
    assert (results.outcome, results.project_name, results.searched_by) == ("found", project.name, ("words", "meaning"))
    for hit in results.results:
        lines = (shop / hit.file_path).read_text().splitlines()
        assert hit.content.split("\n") == lines[hit.start_line - 1 : hit.end_line]


async def test_a_name_finds_its_definition_first_and_says_why(codebase, project, shop: Path):
    results = await codebase.search_code(project.name, "schedule_retry")
    best = results.results[0]
    assert (best.file_path, best.symbol, best.symbol_kind) == ("src/shop/net/retry.py", "schedule_retry", "function")
    assert best.start_line <= 6 <= best.end_line
    assert "defines" in best.why.notes
    assert "scheduleretry" in best.why.matched
    assert best.why.words == 1.0
    assert best.why.meaning is not None
    assert best.why.meaning > 0.1


async def test_tests_stand_behind_what_they_test_unless_asked_for(codebase, project, shop: Path):
    plain = await codebase.search_code(project.name, "schedule retry attempt")
    asked = await codebase.search_code(project.name, "test schedule retry attempt")
    assert plain.results[0].file_path == "src/shop/net/retry.py"
    assert "test" in next(hit for hit in plain.results if hit.file_path == "tests/test_retry.py").why.notes
    assert all("test" not in hit.why.notes for hit in asked.results)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"path": "src/**/*.py"}, {"src/shop/cart.py", "src/shop/net/retry.py"}),
        ({"path": "src/*/*.py"}, {"src/shop/cart.py"}),
        ({"path": "src/*.py"}, set()),
        ({"path": "**/retry.py"}, {"src/shop/net/retry.py"}),
        ({"path": "*.{ts,md}"}, {"web/server.ts", "docs/guide.md"}),
        ({"path": "retry.py"}, {"src/shop/net/retry.py"}),
        ({"path": "docs/"}, {"docs/guide.md"}),
        ({"path": "./docs/guide.md"}, {"docs/guide.md"}),
        ({"path": "src/shop/c?rt.py"}, {"src/shop/cart.py"}),
        ({"path": "no/such/"}, set()),
        ({"path": "*.p."}, set()),
        ({"language": "python"}, {"src/shop/cart.py", "src/shop/net/retry.py", "tests/test_retry.py"}),
        ({"language": ["TypeScript", "Markdown"]}, {"web/server.ts", "docs/guide.md"}),
        ({"file_type": ".TS"}, {"web/server.ts"}),
        ({"symbol_kind": "class"}, {"src/shop/cart.py"}),
        (
            {"symbol_kind": ["Function", "class"]},  # also those that share a chunk with others
            {"src/shop/cart.py", "src/shop/net/retry.py", "web/server.ts", "tests/test_retry.py"},
        ),
        ({"path": "", "language": "", "file_type": "", "symbol_kind": []}, set(FILES)),
        ({"path": "src/", "language": "markdown"}, set()),
        ({"repository": "shop", "file_type": "md"}, {"docs/guide.md"}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
async def test_filters_narrow_what_is_found(codebase, project, shop: Path, filters: dict, expected: set):
    assert await paths(codebase, project, "job cart server retry", **filters) == expected


@pytest.mark.parametrize(
    ("path", "file"),
    [("a,b.py", "a,b.py"), ("x[1].py", "x[1].py"), ("c++(1).py", "c++(1).py"), ("$a^.|b.py", "$a^.|b.py")],
)
async def test_a_glob_takes_the_signs_of_regular_expressions_as_they_are(codebase, project, tmp_path, path, file: str):
    folder = make_folder(tmp_path / "odd", {file: "harbour = 1\n", "b.py": "harbour = 2\n", "a": "harbour = 3\n"})
    await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)
    assert await paths(codebase, project, "harbour", path=path) == {file}


@pytest.mark.parametrize("path", ["{a", "a}", "}a{", "{a,{b,c}", "nul\0"])
async def test_a_path_filter_that_is_no_glob_is_refused(codebase, project, shop: Path, path: str):
    with pytest.raises(InvalidQuery) as refused:
        await paths(codebase, project, "cart", path=path)
    assert refused.value.details["field"] == "filters.path"
    refused.value.as_text().encode()


async def test_a_path_filter_of_many_stars_is_answered(codebase, project, shop: Path):
    assert await paths(codebase, project, "cart", path="**/" * 150 + "*.py") >= {"src/shop/cart.py"}


@pytest.mark.parametrize("value", ["quo'te", "%", "\\", "имя", "x" * 10_000])
@pytest.mark.parametrize("field", ["language", "file_type", "symbol_kind"])
async def test_filters_of_any_text_are_answered(codebase, project, shop: Path, field: str, value: str):
    assert await paths(codebase, project, "cart", **{field: value}) == set()


@pytest.mark.parametrize("value", ["nul\0", "lone\ud800"])
@pytest.mark.parametrize("field", ["language", "file_type", "symbol_kind"])
async def test_filters_that_are_no_text_are_the_callers_to_fix(codebase, project, shop: Path, field: str, value: str):
    with pytest.raises(UnfitText) as refused:
        await paths(codebase, project, "cart", **{field: value})
    refused.value.as_text().encode()


async def test_a_repository_nobody_knows_is_an_error_that_lists_the_known(codebase, project, shop: Path):
    with pytest.raises(RepositoryNotFound) as refused:
        await paths(codebase, project, "cart", repository="shap")
    assert f"shop ({shop})" in refused.value.hint


async def test_a_search_can_be_kept_to_one_of_several_repositories(codebase, project, shop: Path, tmp_path: Path):
    other = make_folder(tmp_path / "other" / "shop", {"cart.go": "package cart\n\nfunc AddItem() {}\n"})
    await codebase.index_repository(project.name, str(other), wait_seconds=WAIT)
    assert await paths(codebase, project, "cart", repository=str(other)) == {"cart.go"}
    assert "cart.go" in await paths(codebase, project, "cart")
    with pytest.raises(RepositoryAmbiguous) as refused:
        await paths(codebase, project, "cart", repository="shop")
    assert str(other) in refused.value.hint
    assert str(shop) in refused.value.hint


async def test_pages_follow_each_other_without_gap_or_repetition(codebase, project, shop: Path):
    whole = await codebase.search_code(project.name, "retry cart job", limit=50)
    paged, offset = [], 0
    while offset is not None:
        page = await codebase.search_code(project.name, "retry cart job", limit=2, offset=offset)
        paged += page.results
        offset = page.next_offset
    assert [hit.chunk_id for hit in paged] == [hit.chunk_id for hit in whole.results]
    assert whole.next_offset is None


async def test_the_same_question_gets_the_same_answer(codebase, project, shop: Path):
    first, second = [await codebase.search_code(project.name, "retry the job") for _ in range(2)]
    assert first.results == second.results


async def test_texts_are_cut_to_the_budget_and_this_is_said(codebase, project, tmp_path: Path):
    long = "\n".join(f"    harbour_{number} = {number}" for number in range(200))
    folder = make_folder(tmp_path / "long", {f"f{number}.py": f"def f{number}():\n{long}\n" for number in range(4)})
    await codebase.index_repository(project.name, str(folder), wait_seconds=WAIT)
    whole = await codebase.search_code(project.name, "harbour_7", max_tokens=100_000)
    cut = await codebase.search_code(project.name, "harbour_7", max_tokens=300)
    assert (whole.truncated, cut.truncated) == (False, True)
    assert [hit.chunk_id for hit in cut.results] == [hit.chunk_id for hit in whole.results]
    assert sum(len(hit.content) for hit in cut.results) <= 4 * 300


@pytest.mark.parametrize("query", ["", "  \n", "nul\0", "x" * 4001])
async def test_a_query_that_asks_nothing_is_refused(codebase, project, query: str):
    with pytest.raises(InvalidQuery):
        await codebase.search_code(project.name, query)


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE codebase.code_chunks; --",
        "%_\\",
        "имя",
        "目录",
        "\u202e",
        "...",
        "🚢",
        "a" * 4000,
        "{x} $1 :limit",
    ],
)
async def test_a_query_of_any_text_is_answered(codebase, project, shop: Path, query: str):
    results = await codebase.search_code(project.name, query)
    assert results.outcome in ("found", "no_match")


async def test_a_query_with_half_a_character_is_refused_and_can_be_told(codebase, project, shop: Path):
    with pytest.raises(InvalidQuery) as refused:
        await codebase.search_code(project.name, "lone \ud800 surrogate")
    json.dumps(refused.value.as_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize("numbers", [{"limit": 0}, {"limit": 51}, {"offset": -1}, {"offset": 201}, {"max_tokens": 1}])
async def test_numbers_out_of_range_are_refused_by_their_name(codebase, project, numbers: dict):
    with pytest.raises(InvalidInput) as refused:
        await codebase.search_code(project.name, "cart", **numbers)
    assert refused.value.details["field"] in numbers


@pytest.mark.usefixtures("shop")
class TestChunks:
    async def hit(self, codebase, project, query: str = "schedule_retry"):
        return (await codebase.search_code(project.name, query)).results[0]

    async def test_come_with_the_lines_around_them_from_the_stored_text(self, codebase, project, shop: Path):
        hit = await self.hit(codebase, project, "total_price")
        lines = (CART + FILLER).splitlines()
        (shop / hit.file_path).write_text("changed since\n")
        chunks = await codebase.get_code_chunks(project.name, [str(hit.chunk_id)], context_lines=3)
        (chunk,) = chunks.chunks
        first, last = chunk.start_line - 1, chunk.end_line
        assert chunk.content.split("\n") == lines[first:last]
        assert chunk.context_before.split("\n") == lines[max(first - 3, 0) : first]
        assert chunk.context_after.split("\n") == lines[last : last + 3]

    async def test_are_served_after_the_folder_has_vanished(self, codebase, project, shop: Path):
        hit = await self.hit(codebase, project)
        shop.rename(shop.with_name("away"))
        chunks = await codebase.get_code_chunks(project.name, [str(hit.chunk_id)], context_lines=200)
        (chunk,) = chunks.chunks
        together = [chunk.context_before, chunk.content, chunk.context_after]
        assert "\n".join(together) == (RETRY + FILLER).rstrip("\n")

    async def test_that_are_unknown_are_listed_beside_those_found(self, codebase, project):
        hit, unknown = await self.hit(codebase, project), "00000000-0000-0000-0000-000000000000"
        chunks = await codebase.get_code_chunks(project.name, [unknown, str(hit.chunk_id), str(hit.chunk_id)])
        assert ([each.chunk_id for each in chunks.chunks], chunks.missing) == ([hit.chunk_id], (unknown,))
        with pytest.raises(ChunkNotFound):
            await codebase.get_code_chunks(project.name, [unknown])

    @pytest.mark.parametrize("bad", ["", "x", "nul\0", "lone\ud800", "0" * 5000])
    async def test_with_ids_that_are_none_are_refused(self, codebase, project, bad: str):
        with pytest.raises(InvalidQuery) as refused:
            await codebase.get_code_chunks(project.name, [bad])
        refused.value.as_text().encode()

    async def test_keep_their_id_while_their_file_does_not_change(self, codebase, project, shop: Path):
        hit = await self.hit(codebase, project)
        await codebase.index_repository(project.name, str(shop), full=True, wait_seconds=WAIT)
        assert (await self.hit(codebase, project)).chunk_id == hit.chunk_id


@pytest.mark.usefixtures("shop")
class TestOutline:
    async def test_lists_definitions_with_their_lines(self, codebase, project):
        outline = await codebase.file_outline(project.name, "src/shop/cart.py", None)
        entries = [(each.name, each.kind, each.start_line, each.end_line) for each in outline.symbols]
        assert entries[:3] == [
            ("Cart", "class", 4, 21),
            ("add_item", "method", 7, 17),
            ("total_price", "method", 19, 21),
        ]
        assert (outline.language, outline.line_count, outline.changed_since) == ("python", 69, False)
        assert outline.symbols[1].signature.startswith("def add_item(self, item, quantity)")

    @pytest.mark.parametrize("form", ["./src/shop/cart.py", "/src/shop/cart.py", "{folder}/src/shop/cart.py"])
    async def test_takes_the_path_as_the_caller_has_it(self, codebase, project, shop: Path, form: str):
        outline = await codebase.file_outline(project.name, form.format(folder=shop), "shop")
        assert outline.file_path == "src/shop/cart.py"

    async def test_says_when_the_file_has_changed(self, codebase, project, shop: Path):
        (shop / "src/shop/cart.py").write_text("x = 1\n")
        assert (await codebase.file_outline(project.name, "src/shop/cart.py", None)).changed_since

    @pytest.mark.parametrize("wrong", ["cart.py", "lib/cart.py"])
    async def test_of_a_wrong_path_asks_whether_another_was_meant(self, codebase, project, wrong: str):
        with pytest.raises(FileNotIndexed, match="is not in the index") as refused:
            await codebase.file_outline(project.name, wrong, None)
        assert refused.value.hint == "Did you mean src/shop/cart.py?"

    @pytest.mark.parametrize("wrong", ["nul\0.py", "lone\ud800.py", "%", "src/", "../../etc/passwd", "'"])
    async def test_of_any_text_that_is_no_path_is_the_callers_to_fix(self, codebase, project, wrong: str):
        with pytest.raises((FileNotIndexed, UnfitText)) as refused:
            await codebase.file_outline(project.name, wrong, None)
        refused.value.as_text().encode()


async def test_nonsense_matches_nothing(codebase, project, shop: Path):
    results = await codebase.search_code(project.name, "qzxv wkjf plmt")
    assert (results.outcome, results.results) == ("no_match", ())
