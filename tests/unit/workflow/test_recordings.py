"""What is read from the data of a deployment."""

from __future__ import annotations

import pytest

from moorage.workflow.deployments.reading import read_recording


@pytest.mark.parametrize("digits", [7, 40, 64], ids=["short", "SHA-1", "SHA-256"])
def test_commits_of_both_kinds_of_hashes_are_taken(digits):
    recording = read_recording({"commit": "A" * digits}).recording
    assert recording is not None
    assert recording.commit_sha == "a" * digits
