"""Where a request goes: to an address as it must be written, to whom its name leads, who proves to have that name."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from notifications.channels import outbound
from tests.notifications.rooms import answering


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]


def certificate(folder: Path, name: x509.GeneralName) -> Path:
    """A certificate of its own for this name, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer, issuer, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextmanager
def secured(path: Path) -> Iterator[str]:
    """A host that shows this certificate and answers one request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            plain, _ = server.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


OWN = x509.IPAddress(IPv4Address("127.0.0.1"))


def test_a_host_proves_its_name_by_a_certificate_that_we_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path, OWN)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with secured(path) as address:
        assert outbound.post(address, body=b"{}", headers={}).status == 204


def test_nothing_is_sent_to_a_host_whose_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    with (
        secured(certificate(tmp_path, OWN)) as address,
        pytest.raises(outbound.Unreachable, match=r"^TLS: .*certificate verify failed"),
    ):
        outbound.post(address, body=b"{}", headers={})


@pytest.mark.parametrize(
    "name", [x509.IPAddress(IPv4Address("127.0.0.2")), x509.DNSName("other.example.com")]
)
def test_nor_to_one_that_shows_the_certificate_of_another(
    name: x509.GeneralName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with (
        secured(path) as address,
        pytest.raises(outbound.Unreachable, match=r"^TLS: .*mismatch"),
    ):
        outbound.post(address, body=b"{}", headers={})


def test_a_host_that_shakes_no_hands_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(outbound.Unreachable, match=r"^TLS: .*timed out"):
            outbound.post(address, body=b"{}", headers={}, seconds=0.3)


def test_a_host_that_takes_no_more_connections_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        where = server.getsockname()
        with socket.create_connection(where), pytest.raises(outbound.Unreachable):
            outbound.post(f"http://127.0.0.1:{where[1]}/", body=b"{}", headers={}, seconds=0.3)


def test_a_host_that_refuses_is_said_to_refuse() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(outbound.Unreachable, match=r"^ConnectionRefusedError: .*refused"):
        outbound.post(f"http://127.0.0.1:{port}/", body=b"{}", headers={})


def test_of_several_addresses_of_a_name_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "_resolve", lambda *_: ["127.0.0.2", "127.0.0.1"])
    with answering(lambda peer: peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")) as address:
        there = address.replace("127.0.0.1", "two.example.com")
        assert outbound.post(there, body=b"{}", headers={}).status == 204


def test_a_name_that_is_nobodys_is_not_found() -> None:
    with pytest.raises(outbound.Unreachable, match="its name cannot be found"):
        outbound.check(f"https://{'a' * 64}.example.com/")


def test_a_name_server_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> None:
        over.wait(5)
        raise OSError

    before = set(threading.enumerate())
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(outbound.Unreachable, match="the name server does not answer"):
        outbound.post("https://slow.example.com/", body=b"{}", headers={}, seconds=0.3)
    (asking,) = set(threading.enumerate()) - before
    assert asking.daemon, "it keeps no process from ending"
    over.set()


LONG = "https://example.com/" + "x" * (outbound.LONGEST_ADDRESS - 20)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (LONG + "x", "is longer than 1000 characters."),
        ("https://example.com/a b", "has a space, a control character or a letter beyond ASCII"),
        ("https://example.com/a\x7f", "has a space, a control character or"),
        ("https://example.com/ä", "has a space, a control character or a letter beyond ASCII"),
        ("https://example.com:port/", "is no web address; use https://host/path."),
        ("ftp://example.com/", "is no web address; use https://host/path."),
        ("https:///path", "is no web address; use https://host/path."),
        ("https://a:b@example.com/", "carries a name or password before an @; remove it."),
        ("https://example.com/#part", "has a part that is never sent (#"),
        ("https://example.com/a\\b", "has a part that is never sent (#"),
        ("https://exam%70le.com/", "has a part that is never sent (#"),
    ],
)
def test_a_malformed_address_is_refused_with_a_remedy(address: str, why: str) -> None:
    with pytest.raises(outbound.MalformedError) as refused:
        outbound.parse(address)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("address", "secure", "port", "path", "authority"),
    [
        ("https://h.example", True, 443, "/", "h.example"),
        ("https://h.example/a/b!", True, 443, "/a/b!", "h.example"),
        ("https://h.example:8443/a?b=c&d", True, 8443, "/a?b=c&d", "h.example:8443"),
        ("http://h.example?b", False, 80, "/?b", "h.example"),
        ("https://[2606:4700::1111]:8443/", True, 8443, "/", "[2606:4700::1111]:8443"),
        (LONG, True, 443, LONG[19:], "example.com"),
    ],
)
def test_what_is_asked_for_is_what_the_address_says(
    address: str, secure: bool, port: int, path: str, authority: str
) -> None:
    target = outbound.parse(address)
    assert (target.secure, target.port, target.path) == (secure, port, path)
    assert target.authority == authority
