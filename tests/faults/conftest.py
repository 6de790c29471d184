"""The installation in which all nights of these tests run."""

from collections.abc import Iterator

import pytest

from ..python.receiver import Receiver, receiving
from .installation import Installation


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Install the project, fill its source and let a first night pass."""
    installation = Installation(tmp_path_factory.mktemp("installation"))
    installation.warehouse.fill()
    installation.warehouse.run()
    yield installation
    installation.server.stop()


@pytest.fixture
def receiver(installation: Installation) -> Iterator[Receiver]:
    """Receive what nights tell while the test lasts."""
    with receiving() as kept:
        installation.variables["DWH_ALERT_WEBHOOKS"] = f"http://127.0.0.1:{kept.port}/"
        yield kept
        del installation.variables["DWH_ALERT_WEBHOOKS"]
