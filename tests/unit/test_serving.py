"""What is decided before anything is served."""

from __future__ import annotations

import socket

import pytest

from moorage.serving import reachable_as, served_names
from moorage.settings import Settings
from moorage.starting import _free_port


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


def settings_of(*, required: bool | None = None, **server) -> Settings:
    return Settings.model_validate({"server": server, "access": {"required": required}})


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ({}, None),
        ({"host": "::1", "allowed_hosts": ["localhost"], "public_url": "http://127.0.0.1:8000"}, None),
        ({"host": "0.0.0.0"}, "0.0.0.0"),
        ({"host": "192.0.2.7", "required": False}, "192.0.2.7"),
        ({"allowed_hosts": ["moorage.example.com"]}, "moorage.example.com"),
        ({"public_url": "https://moorage.example.com/team"}, "moorage.example.com"),
        ({"public_url": "https://moorage.example.com", "required": False}, None),
    ],
)
def test_a_server_is_reachable_where_it_listens_and_where_it_is_named(server, name):
    assert reachable_as(settings_of(**server)) == name


@pytest.mark.parametrize(
    ("server", "names"),
    [
        ({"host": "0.0.0.0"}, set()),
        ({"host": ""}, set()),
        ({"host": "192.0.2.7", "allowed_hosts": ["a.example"]}, {"192.0.2.7", "a.example"}),
        ({"public_url": "https://[2001:db8::1]:8443/x"}, {"127.0.0.1", "2001:db8::1"}),
    ],
)
def test_a_server_answers_to_its_address_and_to_the_names_it_was_given(server, names):
    assert served_names(settings_of(**server).server) == names
