"""What an address says of TLS is kept to: the server's certificate is checked, or nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from moorage.projects.errors import RegistryUnavailable
from moorage.settings import load_settings
from moorage.systems import open_house
from tests.extended.servers import Postgres15, ordinary_user, running_postgres15, write_for

DAY = timedelta(days=1)


def certificate_of(host: str) -> tuple[bytes, bytes]:
    """Return a self-signed certificate for an IP address, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), private


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres15]:
    """A server that speaks TLS as 127.0.0.1."""
    with running_postgres15() as running:
        certificate, key = certificate_of("127.0.0.1")
        write_for(ordinary_user(), running.folder / "server.crt", certificate)
        write_for(ordinary_user(), running.folder / "server.key", key)
        running.stop()
        running.start(
            ssl="on", ssl_cert_file=f"{running.folder}/server.crt", ssl_key_file=f"{running.folder}/server.key"
        )
        yield running


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOORAGE_HOME", str(tmp_path))


async def speaks_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> bool:
    """Open everything at this address and tell whether the connection to the registry is encrypted."""
    monkeypatch.setenv("DATABASE_URL", url)
    async with open_house(load_settings()) as house:
        ours = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        return await house.ground.connections.registry_pool.fetchval(ours)


async def test_a_server_whose_certificate_is_known_is_spoken_to_in_tls(server, at_home, monkeypatch):
    url = f"{server.url}/mcp_registry?sslmode=verify-full&sslrootcert={server.folder}/server.crt"
    assert await speaks_tls(monkeypatch, url)


async def test_a_server_with_another_certificate_is_refused(server, at_home, monkeypatch, tmp_path: Path):
    other = tmp_path / "other.crt"
    other.write_bytes(certificate_of("127.0.0.1")[0])
    with pytest.raises(RegistryUnavailable, match="certificate") as refused:
        await speaks_tls(monkeypatch, f"{server.url}/mcp_registry?sslmode=verify-full&sslrootcert={other}")
    assert "sslrootcert" in refused.value.hint


async def test_a_server_under_a_name_it_does_not_have_is_refused(server, at_home, monkeypatch):
    url = server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(RegistryUnavailable, match="certificate"):
        await speaks_tls(monkeypatch, f"{url}/mcp_registry?sslmode=verify-full&sslrootcert={server.folder}/server.crt")
