"""What `./run_pipeline.sh dashboards` does."""

from sigeti_dwh.dashboards.accounts import create_account
from sigeti_dwh.dashboards.files import generate, left_over
from sigeti_dwh.dashboards.reader import (
    check_reader,
    find_reader,
    without_unpublished_areas,
)
from sigeti_dwh.dashboards.specification import read_specification
from sigeti_dwh.dashboards.superset_server import SupersetServer
from sigeti_dwh.night.preparation import started
from sigeti_dwh.settings import read_variables
from sigeti_dwh.warehouse.roles import Zones, create_roles


def serve(port: int) -> str:
    """Serve the dashboards by Superset; return where, and what to do next."""
    specified = read_specification()
    settings = started()
    reader = find_reader(settings, read_variables())
    specification = without_unpublished_areas(reader, specified, settings.schema)
    check_reader(reader, specification, settings.schema)
    server = SupersetServer()
    server.install()
    server.provision(specification, reader, settings.schema)
    address = server.start(port)
    pages = [
        f"  {dashboard.title + ':':<24} {address}/superset/dashboard/{dashboard.name}/"
        for dashboard in specification.dashboards
    ]
    served = {dashboard.name for dashboard in specification.dashboards}
    later = [page.title for page in specified.dashboards if page.name not in served]
    left_out = [f"Not served, as nothing of it is published yet: {title}" for title in later]
    return "\n".join(
        [
            "The dashboards:",
            *pages,
            *left_out,
            f"User admin; password in {server.password}",
            "Stop it:  ./run_pipeline.sh dashboards --stop",
        ]
    )


def set_account(name: str, password: str | None, zones: Zones) -> str:
    """Make a reader's account in Superset, or set it anew; return what its reader needs."""
    settings = started()
    create_roles(settings, report=lambda line: None)
    made_up = create_account(settings, SupersetServer(), name, zones, password)
    words = f"Account {name} of the dashboards: it reads them, and can do nothing else."
    return words if made_up is None else f"{words}\nIts password, shown only now: {made_up}"


def stop() -> str:
    """Stop Superset; return what happened."""
    return "Stopped." if SupersetServer().stop() else "It was not running."


def write_files() -> str:
    """Write the generated files of bi/; return which changed, and which are of none any more."""
    changed = [str(path) for path in generate()]
    told = "\n".join(changed) or "Nothing to write: bi/ is what bi/tableaux.yml says."
    if former := left_over():
        told = "\n".join([told, "No page has these any more, remove them:", *map(str, former)])
    return told
