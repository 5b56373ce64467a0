"""Who can reach the embedded PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moorage.core.postgres.address import Address


async def test_it_listens_on_a_socket_below_its_home_and_on_no_port(address: Address, admin: Any, home: Path):
    assert await admin.fetchval("SHOW listen_addresses") == ""
    assert Path(address.connect_arguments("postgres")["host"]).is_relative_to(home)
