"""What `up` decides before it serves."""

from __future__ import annotations

import socket

import pytest

from moorage.serving import _free_port
from moorage.settings import Settings


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_port_that_is_taken_is_passed_over(host: str, family: socket.AddressFamily):
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = _free_port(Settings.model_validate({"server": {"host": host, "port": port}}))
    assert found != port
    assert found in range(port + 1, port + 20) or found == 0


def test_the_search_for_a_port_ends_at_the_last_one():
    assert 0 <= _free_port(Settings.model_validate({"server": {"port": 65_535}})) <= 65_535
