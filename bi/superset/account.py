"""Makes a reader's account, or gives it another password; run by Superset's Python.

Argument: the name. The password comes by the environment, where other users do not see it; an
account that is there keeps its own without one.
"""

import os
import sys

from superset.app import create_app

ROLE = "Lecteur"


def set_account(name: str, password: str | None) -> None:
    """Make the account a reader that can look at the dashboards, and do nothing else."""
    from superset.extensions import db, security_manager

    role = security_manager.find_role(ROLE)
    user = security_manager.find_user(name)
    if user is None:
        mail = f"{name}@localhost"
        security_manager.add_user(name, name, "", mail, role, password=password)
        return
    user.roles = [role]
    user.active = True
    db.session.commit()
    if password is not None:
        security_manager.reset_password(user.id, password)


with create_app().app_context():
    set_account(sys.argv[1], os.environ.get("SUPERSET_ACCOUNT_PASSWORD"))
