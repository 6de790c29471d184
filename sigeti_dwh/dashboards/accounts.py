"""Readers' accounts in Superset.

Superset asks the warehouse as the login of who looks at a page, so that the row policies of the
database decide what he sees, whatever he sends to Superset. The login's password is known to
Superset alone; the account has another, which its reader knows.
"""

import secrets
from collections.abc import Callable

from sigeti_dwh.dashboards.superset_server import SupersetServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import connect, translated
from sigeti_dwh.warehouse.roles import Zones, create_login

ADMINISTRATOR = "admin"


def create_account(
    settings: Settings,
    superset: SupersetServer,
    name: str,
    zones: Zones,
    password: str | None = None,
    report: Callable[[str], None] = print,
) -> str | None:
    """Make an account and its login, or set them anew; return the password if one was made up.

    Without a password a new account gets one, an existing one keeps its own; the same holds for
    `zones`, as of any login.

    Raises UserError for the administrator, and for a login that was there before the account.
    """
    if not superset.is_provisioned:
        raise UserError("Superset is not there yet.\nServe it once: ./run_pipeline.sh dashboards")
    logins = superset.read_logins()
    is_new = name not in logins
    if name == ADMINISTRATOR or (is_new and _exists(settings, name)):
        raise UserError(
            f"{name} is the name of another login already.\n"
            "Choose another name for the account: Superset makes its login itself."
        )
    logins.setdefault(name, secrets.token_urlsafe(32))
    create_login(settings, name, "bi_reader", logins[name], zones, report)
    superset.write_logins(logins)
    made_up = secrets.token_urlsafe(12) if password is None and is_new else None
    superset.set_account(name, password or made_up)
    return made_up


def _exists(settings: Settings, name: str) -> bool:
    with connect(settings.warehouse) as connection, translated(settings.warehouse):
        row = connection.execute("select to_regrole(quote_ident(%s)) is not null", [name])
        return row.fetchone() == (True,)
