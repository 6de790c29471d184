"""A Thrift server that asks a directory who may log in, and a login that it no longer takes."""

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sigeti_dwh.embedded.ports import HOST
from sigeti_dwh.errors import UserError
from sigeti_dwh.spark.connection import check
from sigeti_dwh.spark.server import SparkServer

from .site import Site

TAKEN, INVALID_CREDENTIALS = 0, 49


class Directory(socketserver.ThreadingTCPServer):
    """An LDAP server that answers every bind alike, and nothing else."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), Bind)
        self.answer = TAKEN


class Bind(socketserver.BaseRequestHandler):
    """One connection: RFC 4511 in so far as a bind needs it."""

    server: Directory

    def handle(self) -> None:
        """Answer each message with a bind response of its number."""
        while message := self.request.recv(4096):
            length_bytes = message[1] & 0x7F if message[1] & 0x80 else 0
            number = message[2 + length_bytes : 5 + length_bytes]
            response = bytes([0x61, 7, 0x0A, 1, self.server.answer, 4, 0, 4, 0])
            self.request.sendall(bytes([0x30, len(number + response)]) + number + response)


@pytest.fixture
def directory() -> Iterator[Directory]:
    with Directory() as found:
        threading.Thread(target=found.serve_forever, args=[0.05], daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def guarded(site: Site, directory: Directory) -> Iterator[SparkServer]:
    """Let the site's Thrift server ask the directory."""
    address = f"ldap://{HOST}:{directory.server_address[1]}"
    site.kill("thrift")
    site.cluster.start_thrift(site.programs, authentication="LDAP", authentication_ldap_url=address)
    yield replace(site.server, auth="LDAP", user="entrepot", password="mot de passe")
    site.kill("thrift")
    site.cluster.start_thrift(site.programs)


def test_a_login_that_has_expired_is_told_in_three_lines(
    guarded: SparkServer, directory: Directory
) -> None:
    assert "Spark 3.5" in check(guarded)
    directory.answer = INVALID_CREDENTIALS
    with pytest.raises(UserError) as raised:
        check(guarded)
    assert "the login is refused" in str(raised.value)
    assert "mot de passe" not in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3
