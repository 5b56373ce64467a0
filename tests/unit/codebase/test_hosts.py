"""Which hosts a repository may be cloned from."""

from __future__ import annotations

import pytest

from moorage.codebase.git.errors import UnfitUrl
from moorage.codebase.git.hosts import host_of, refuse_host

PUBLIC = "https://1.1.1.1/ada/shop.git"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Git.example.com:8443/ada/shop.git", "git.example.com"),
        ("ssh://git@[2001:db8::1]:22/shop", "2001:db8::1"),
        ("git@example.com:ada/shop", "example.com"),
        ("git@[::1]:shop", "::1"),
        ("file:///srv/shop", None),
    ],
)
def test_the_host_of_an_address_is_found(address: str, host: str | None):
    assert host_of(address) == host


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.0.9", "169.254.169.254", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
async def test_hosts_of_this_machine_and_of_private_networks_are_refused(host: str):
    with pytest.raises(UnfitUrl, match="not cloned from the host"):
        await refuse_host(f"https://{host}/shop.git", None, only_public=True)


async def test_a_host_without_an_address_is_refused():
    with pytest.raises(UnfitUrl):
        await refuse_host("https://nowhere.invalid/shop.git", None, only_public=True)


async def test_public_hosts_and_files_pass_and_so_does_everything_for_the_user_of_the_machine():
    await refuse_host(PUBLIC, None, only_public=True)
    await refuse_host("file:///srv/shop", ["git.example.com"], only_public=True)
    await refuse_host("https://127.0.0.1/shop.git", None, only_public=False)


async def test_named_hosts_are_the_only_ones():
    await refuse_host("https://127.0.0.1:8443/shop.git", ["127.0.0.1"], only_public=True)
    with pytest.raises(UnfitUrl) as refused:
        await refuse_host(PUBLIC, ["127.0.0.1"], only_public=False)
    assert "codebase.git_hosts" in refused.value.hint
