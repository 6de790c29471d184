"""Brings Superset's own database up to date and imports the bundle; run by Superset's Python.

Arguments: the bundle, a zip. The passwords of the administrator and of the warehouse come by the
environment, where other users do not see them.
"""

import os
import sys
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZipFile

import yaml
from superset.app import create_app

ADMINISTRATOR = "admin"
READER = "Lecteur"
READS = {
    "can_read": [
        "Chart",
        "CurrentUserRestApi",
        "Dashboard",
        "DashboardFilterStateRestApi",
        "DashboardPermalinkRestApi",
        "Theme",
    ],
    "can_write": ["DashboardFilterStateRestApi", "DashboardPermalinkRestApi"],
    "can_dashboard": ["Superset"],
    "can_dashboard_permalink": ["Superset"],
    "can_language_pack": ["Superset"],
    "can_log": ["Superset"],
    "can_time_range": ["Api"],
    "can_query": ["Api"],
    "can_export_data": ["Superset"],
    "can_export_image": ["Superset"],
    "menu_access": ["Dashboards"],
}
"""What a reader's account may do, beside reading the datasets of the dashboards."""


def set_themes(contents: dict[str, str]) -> None:
    """Import the themes of pages, which Superset leaves out of what is imported together."""
    from superset.commands.theme.import_themes import import_theme
    from superset.extensions import db
    from superset.models.core import Theme
    from superset.models.dashboard import Dashboard

    for name, content in contents.items():
        if name.startswith("themes/"):
            import_theme(yaml.safe_load(content), overwrite=True)
    db.session.flush()
    for name, content in contents.items():
        page = yaml.safe_load(content)
        if name.startswith("dashboards/") and "theme_uuid" in page:
            theme = db.session.query(Theme).filter_by(uuid=page["theme_uuid"]).one()
            db.session.query(Dashboard).filter_by(uuid=page["uuid"]).one().theme_id = theme.id


def remove_former(contents: dict[str, str]) -> None:
    """Remove the pages that an earlier bundle brought and this one has not, as of an area now off.

    Ours have the identifier that sigeti_dwh/dashboards/superset.py derives from their name.
    """
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    kept = {
        yaml.safe_load(content)["uuid"]
        for name, content in contents.items()
        if name.startswith("dashboards/")
    }
    for page in db.session.query(Dashboard).filter(Dashboard.slug.is_not(None)):
        ours = str(uuid5(NAMESPACE_URL, f"sigeti-dwh/dashboard/{page.slug}"))
        if str(page.uuid) == ours and ours not in kept:
            db.session.delete(page)


def provision(bundle: str) -> None:
    """Migrate, set up the roles and the administrator, and replace the dashboards."""
    # What touches the models can be imported inside an application only.
    from flask import g
    from flask_migrate import upgrade
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import appbuilder, db, security_manager

    upgrade()
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    if security_manager.find_user(ADMINISTRATOR) is None:
        security_manager.add_user(
            ADMINISTRATOR,
            "SIGETI",
            "DWH",
            "admin@localhost",
            security_manager.find_role("Admin"),
            password=os.environ["SUPERSET_ADMIN_PASSWORD"],
        )
    g.user = security_manager.find_user(ADMINISTRATOR)
    with ZipFile(bundle) as archive:
        contents = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    passwords = {"databases/sigeti.yaml": os.environ["DWH_BI_PASSWORD"]}
    ImportAssetsCommand(contents, passwords=passwords).run()
    set_themes(contents)
    remove_former(contents)
    role = security_manager.add_role(READER)
    role.permissions = [
        security_manager.add_permission_view_menu(permission, view)
        for permission, view in [
            *((permission, view) for permission, views in READS.items() for view in views),
            *(("datasource_access", perm) for (perm,) in db.session.query(SqlaTable.perm)),
        ]
    ]
    # The page of the login is French for those who are not logged in yet.
    words = security_manager.add_permission_view_menu("can_language_pack", "Superset")
    security_manager.add_permission_role(security_manager.find_role("Public"), words)
    db.session.commit()


with create_app().app_context():
    provision(sys.argv[1])
