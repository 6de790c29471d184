"""What the engine's tables promise: their keys, their nulls, and what is published alone."""

from pathlib import Path

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.spark.connection import connect

from .site import Site

MART = "dwh_preparation.mart_agents"


def test_the_half_of_a_mart_that_is_not_published_is_not_read(site: Site) -> None:
    """Its files may be gone: a published mart is a view of two tags, of which one is read."""
    with connect(site.server) as connection:
        [(published,)] = connection.execute(
            "select max_by(etiquette, depuis) from dwh_marts_operationnel.fraicheur__periodes"
        )
        other = "publie_a" if published == "publie_b" else "publie_b"
        connection.execute(f"insert overwrite {MART} select * from {MART}")
        connection.execute(f"alter table {MART} create or replace tag {other}")
        files = [
            Path(row[0].removeprefix("file:"))
            for row in connection.execute(
                f"select distinct input_file_name() from {MART} version as of '{other}'"
            )
        ]
        rows = "select count(*), sum(nombre_collectes) from dwh_marts_operationnel.mart_agents"
        before = connection.execute(rows)
        for file in files:
            file.rename(f"{file}.gone")
        try:
            assert files and connection.execute(rows) == before
        finally:
            for file in files:
                Path(f"{file}.gone").rename(file)


def test_a_null_where_the_contract_has_none_is_refused(site: Site) -> None:
    with connect(site.server) as connection, pytest.raises(Exception, match="non-nullable"):
        connection.execute(
            "insert into dwh_dimensions.dim_etapes "
            "select cast(null as bigint), processus, numero_etape, nom_etape, responsable, ordre, "
            "_insertion, _changement from dwh_dimensions.dim_etapes"
        )


def test_a_key_that_is_there_twice_ends_the_night(site: Site) -> None:
    table = "raw_sigeti.collecte_zones"
    with connect(site.server) as connection:
        [(snapshot,)] = connection.execute(
            f"select snapshot_id from {table}.refs where name = 'main'"
        )
        connection.execute(f"insert into {table} select * from {table} limit 1")
        try:
            with pytest.raises(UserError, match="1 rows too many of its primary key"):
                site.build(site.spark)
        finally:
            connection.execute(
                f"call {site.server.catalog}.system.rollback_to_snapshot('{table}', {snapshot})"
            )
    site.build(site.spark)
    assert site.differing() == []
