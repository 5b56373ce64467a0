"""Where a server may listen, and what it says when it may not."""

from __future__ import annotations

import socket

import pytest

from moorage.core.errors import InvalidInput
from moorage.core.serving import NotLoopback, PortTaken, serve_http
from tests.support.tiny_tools import tiny_door


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com", ""])
async def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(NotLoopback) as refused:
        await serve_http(tiny_door(), host=host, port=0)
    assert refused.value.code == "serve.not_loopback"
    assert "127.0.0.1" in refused.value.hint


async def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as refused:
            await serve_http(tiny_door(), port=port)
    assert refused.value.message == f"Port {port} on 127.0.0.1 is taken."
    assert "--port 0" in refused.value.hint


async def test_a_port_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput):
        await serve_http(tiny_door(), port=70_000)
