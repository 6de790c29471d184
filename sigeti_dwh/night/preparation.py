"""What a run needs to be there before it begins: servers, databases, a demo source."""

from contextlib import suppress

from sigeti_dwh.demo import source as demo_source
from sigeti_dwh.errors import RetryableError
from sigeti_dwh.settings import Settings, embedded_server, load_settings
from sigeti_dwh.warehouse.database import create_warehouse


def started() -> Settings:
    """Return the settings in force, the embedded server running if they ask for it."""
    settings = load_settings()
    if settings.embedded:
        embedded_server().start()
    return settings


def prepare() -> Settings:
    """Start what the settings ask for, create the databases, fill an empty embedded source."""
    settings = started()
    for side in (settings.source, settings.warehouse):
        if side.embedded:
            embedded_server().create_database(side.name)
    # A server that is away may come back: the flow waits for it.
    with suppress(RetryableError):
        if not settings.warehouse.embedded and create_warehouse(settings.warehouse):
            print(f"Created the {settings.warehouse}.")
    if settings.source.embedded:
        demo_source.ensure(settings.source)
    return settings
