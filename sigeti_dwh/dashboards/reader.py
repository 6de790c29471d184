"""The login under which the dashboards read the marts."""

from collections.abc import Mapping
from dataclasses import replace

from sigeti_dwh.areas import AREAS
from sigeti_dwh.dashboards.specification import Specification
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect, translated

CREATE = "./run_pipeline.sh roles --login NAME --role bi_reader --zones all"


def find_reader(settings: Settings, variables: Mapping[str, str]) -> Server:
    """Return the warehouse as the dashboards' login; raise UserError when none is set."""
    user, password = variables.get("DWH_BI_USER"), variables.get("DWH_BI_PASSWORD")
    if not user or not password:
        raise UserError(
            "The dashboards need a login that reads the marts and nothing else.\n"
            f"Create one ({CREATE}),\nand set DWH_BI_USER and DWH_BI_PASSWORD in .env."
        )
    return replace(settings.warehouse, user=user, password=password, embedded=False)


def without_unpublished_areas(
    reader: Server, specification: Specification, schema: str
) -> Specification:
    """Leave out what reads optional areas that have published nothing yet, not the others."""
    with (
        connect(reader, application_name="sigeti_dwh dashboards") as connection,
        translated(reader),
    ):
        absent = {
            area
            for area in AREAS
            if connection.execute(
                "select to_regclass(%s) is null", [f"{schema}_marts_{area}.fraicheur_{area}"]
            ).fetchone()
            == (True,)
        }
    left_out = {f"marts_{area}" for area in absent}
    pages = (
        replace(page, panels=tuple(one for one in page.panels if one.mart.schema not in left_out))
        for page in specification.dashboards
    )
    return replace(
        specification,
        marts={
            name: mart for name, mart in specification.marts.items() if mart.schema not in left_out
        },
        dashboards=tuple(page for page in pages if page.panels),
    )


def check_reader(reader: Server, specification: Specification, schema: str) -> None:
    """Raise UserError when the login lacks a mart, or could write to one."""
    names = [f"{schema}_{mart.schema}.{mart.name}" for mart in specification.marts.values()]
    with (
        connect(reader, application_name="sigeti_dwh dashboards") as connection,
        translated(reader),
    ):
        for name in names:
            row = connection.execute(
                "select to_regclass(%(name)s) is not null, "
                "has_table_privilege(to_regclass(%(name)s)::oid, 'select'), "
                "has_table_privilege(to_regclass(%(name)s)::oid, 'insert, update, delete')",
                {"name": name},
            ).fetchone()
            there, readable, writable = row or (False, None, None)
            if not there:
                raise UserError(f"There is no {name} yet.\nBuild it first: ./run_pipeline.sh")
            if not readable:
                raise UserError(f"{reader.user} may not read {name}.\nCreate a login: {CREATE}")
            if writable:
                raise UserError(
                    f"{reader.user} may write to {name}.\nUse a login that only reads: {CREATE}"
                )
