"""A warehouse with an optional area beside SIGETI, and files of the area that a test may change."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sigeti_dwh.embedded import EmbeddedServer

from .conftest import copied_night
from .warehouse import Warehouse


@contextmanager
def built_area(
    server: EmbeddedServer, template: Path, folder: Path, area: str, demo: Path
) -> Iterator[Warehouse]:
    """Build an area from its demo files, in a project of its own, beside a good night of SIGETI."""
    with copied_night(server, template, folder) as copy:
        copy.areas = {area: str(demo)}
        copy.load_area(area)
        copy.build_area(area)
        yield copy


@contextmanager
def files_to_change(built: Warehouse, area: str, demo: Path, folder: Path) -> Iterator[Warehouse]:
    """Let a test change a copy of the demo files, and put the demo's own back afterwards."""
    shutil.copytree(demo, folder)
    built.areas = {area: str(folder)}
    yield built
    built.areas = {area: str(demo)}
    built.load_area(area, accept_loss=True)
