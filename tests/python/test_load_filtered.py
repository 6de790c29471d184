"""A source that shows its reader a part of its rows: none of the others may pass for deleted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.night_load import load
from sigeti_dwh.monitor.survey import survey
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.connection_check import check
from sigeti_dwh.warehouse.database import connect

from .conftest import fresh_database
from .copies import stale
from .warehouse import Warehouse, copy_project, plain_dbt

READER = "lecteur"


@pytest.fixture
def reader(server: EmbeddedServer, copied: Warehouse) -> Iterator[Server]:
    """Return the source as a role reads it that has no right but SELECT."""
    yield from granted(copied.source)


def granted(source: Server) -> Iterator[Server]:
    """Create the role for a while."""
    with connect(source) as connection:
        connection.execute(
            f"create role {READER} login password 'x'; "
            f"grant select on all tables in schema public to {READER}"
        )
    yield replace(source, user=READER, password="x")
    with connect(source) as connection:
        connection.execute(
            f"reassign owned by {READER} to current_user; drop owned by {READER}; "
            f"drop role {READER}"
        )


POLICIES = {
    "some rows": (
        "factures",
        "alter table factures enable row level security; "
        "create policy half on factures using (id % 2 = 0)",
    ),
    "no policy at all": ("lots", "alter table lots enable row level security"),
    "a restrictive policy beside one that lets all pass": (
        "paiement_factures",
        "alter table paiement_factures enable row level security; "
        "create policy whole on paiement_factures using (true); "
        "create policy late on paiement_factures as restrictive using (montant > 1000)",
    ),
    "forced on its owner": (
        "entreprises",
        "alter table entreprises enable row level security, force row level security; "
        f"alter table entreprises owner to {READER}; "
        f"create policy own on entreprises for select to {READER} using (id > 5)",
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_rows_hidden_by_a_policy_are_refused(copied: Warehouse, reader: Server, name: str) -> None:
    table, policy = POLICIES[name]
    filtered = replace(copied, source=reader)
    filtered.load()
    copied.change(policy)
    for act in (filtered.load, lambda: check(filtered.settings)):
        with pytest.raises(UserError, match=f"public.{table} from the user {READER}") as raised:
            act()
        assert "BYPASSRLS" in str(raised.value)
        assert len(str(raised.value).splitlines()) <= 3
    assert stale(copied) == []
    copied.change(f"alter role {READER} bypassrls")
    copied.change("update factures set montant_total = 3 where id < 9")
    filtered.load()
    assert stale(copied) == []


def test_a_policy_that_comes_after_the_look_ends_the_load_too(
    copied: Warehouse, reader: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sigeti_dwh.load.source_check.require_all_rows", lambda *arguments: None)
    copied.change(POLICIES["some rows"][1])
    with pytest.raises(UserError, match="factures"):
        load(replace(copied, source=reader).settings, report=copied.lines.append)
    assert stale(copied) == []


def test_policies_that_hide_nothing_from_the_reader_are_no_matter(
    copied: Warehouse, reader: Server
) -> None:
    copied.change(
        "create table part (like factures including all) inherits (factures); "
        "alter table part enable row level security; "
        f"alter table lots owner to {READER}; alter table lots enable row level security"
    )
    replace(copied, source=reader).load()
    assert stale(copied) == []


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_a_view_in_the_place_of_a_table_is_refused(copied: Warehouse, kind: str) -> None:
    copied.change(
        "alter table lots rename to vrais_lots; "
        f"create {kind} lots as select * from vrais_lots where id < 9"
    )
    with pytest.raises(UserError, match=f"public.lots is a {kind}"):
        copied.load()


def test_a_table_without_the_right_to_select_is_named(copied: Warehouse, reader: Server) -> None:
    copied.change(
        f"revoke select on lots from {READER}; grant select (id, numero) on lots to {READER}"
    )
    with pytest.raises(UserError, match=f'GRANT SELECT ON public.lots TO "{READER}"'):
        check(replace(copied, source=reader).settings)
    with pytest.raises(UserError, match="permission denied for table lots"):
        replace(copied, source=reader).load()


def test_the_monitor_does_not_compare_with_a_part_of_the_source(
    copied: Warehouse, reader: Server
) -> None:
    copied.change(POLICIES["some rows"][1])
    found = survey(replace(copied, source=reader).settings, record=False)
    assert any("Row-level security hides rows of public.factures" in note for note in found.notes)
    assert all("source" not in one.values for one in found.comparisons)


def test_in_one_database_dbt_is_refused_a_part_of_the_source_too(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    with fresh_database(server, "source") as both:
        warehouse = Warehouse(both, both, copy_project(tmp_path / "project"))
        warehouse.fill()
        warehouse.load()
        for reader in granted(both):
            warehouse.change(
                f'grant create, temporary on database "{both.name}" to {READER}; '
                f"grant usage on schema dwh_meta to {READER}"
            )
            # The source's user sees everything, that of the warehouse does not.
            of_two = replace(warehouse, warehouse=reader)
            check(of_two.settings)
            warehouse.change(POLICIES["some rows"][1])
            expected = f"public.factures from the user {READER}"
            with pytest.raises(UserError, match=expected):
                check(of_two.settings)
            build = ("run", "--select", "stg_factures")
            assert expected in plain_dbt(of_two.settings, warehouse.folder, *build)
