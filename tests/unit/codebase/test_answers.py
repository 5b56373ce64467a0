"""What callers read of an index and its runs."""

from __future__ import annotations

import pytest

from moorage.codebase import answers
from tests.unit.codebase.builders import make_job, make_repository


@pytest.mark.parametrize(
    ("alive", "message"),
    [
        (True, "reading: 3 of 10 files; call index_status to follow"),
        (False, "reading: 3 of 10 files; interrupted; call index_repository to continue"),
    ],
)
def test_a_run_whose_process_died_is_not_said_to_go_on(alive, message):
    assert answers.index_status("app", make_repository(), make_job(alive=alive)).message == message
    fresh = answers.freshness(make_repository(), make_job(alive=alive), None)
    assert ("interrupted" in fresh.message) is not alive
