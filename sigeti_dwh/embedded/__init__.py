"""The embedded PostgreSQL: one server of the checkout's own, on 127.0.0.1, for any tool to use."""

from sigeti_dwh.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
