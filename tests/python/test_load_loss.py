"""A source that lost its rows: nothing of that is loaded unless somebody says that it was meant."""

from dataclasses import replace

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.night_load import load
from sigeti_dwh.warehouse.database import connect

from .copies import stale
from .warehouse import Warehouse


def publish(warehouse: Warehouse) -> None:
    """Record that what was loaded is published, as the publication does."""
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute(
            "insert into dwh_meta.avancement (relation, changement, empreinte) "
            "select 'dwh_marts_x.mart', max(numero), 'publication' from dwh_meta.changements "
            "on conflict (relation) do update set changement = excluded.changement"
        )


def lose(warehouse: Warehouse, table: str, share: float) -> None:
    """Delete a share of the rows that a table has now."""
    warehouse.change(
        f"delete from {table} where id in (select id from {table} order by id "
        f"limit (select floor(count(*) * {share}) from {table}))"
    )


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        pytest.param("truncate factures cascade", "factures", id="truncated"),
        pytest.param("delete from paiement_factures", "paiement_factures", id="deleted"),
        pytest.param(
            "update factures set is_deleted = true where id % 10 > 2", "factures", id="marked"
        ),
        pytest.param(
            "update factures set deleted_at = now() where id % 10 > 2", "factures", id="marked late"
        ),
    ],
)
def test_a_loss_ends_the_load_before_anything_is_written(
    copied: Warehouse, statement: str, table: str
) -> None:
    copied.load()
    [(before,)] = copied.rows(
        f"select effectifs ->> '{table}' from dwh_meta.chargements order by chargement limit 1"
    )
    copied.change("update lots set prix = 1 where id = 5")
    copied.change(statement)
    with pytest.raises(UserError) as raised:
        copied.load(accept_loss=False)
    message = str(raised.value)
    assert f"public.{table} had {before} rows and has " in message
    assert "--accept-loss" in message and len(message.splitlines()) <= 3
    assert {"lots", table} <= set(stale(copied))
    assert copied.rows("select count(*) from dwh_meta.chargements") == [(2,)]
    copied.load()
    assert stale(copied) == []
    copied.load(accept_loss=False)


def test_a_slow_loss_over_nights_that_failed_is_seen(copied: Warehouse) -> None:
    publish(copied)
    lose(copied, "paiement_factures", 0.3)
    copied.load(accept_loss=False)
    lose(copied, "paiement_factures", 0.3)
    with pytest.raises(UserError, match=r"public\.paiement_factures had"):
        copied.load(accept_loss=False)
    copied.load()
    # Accepted once is accepted, though that night had failed too.
    copied.load(accept_loss=False)


def test_a_loss_that_was_published_night_by_night_is_none(copied: Warehouse) -> None:
    for _ in range(3):
        publish(copied)
        lose(copied, "paiement_factures", 0.4)
        copied.load(accept_loss=False)
    assert stale(copied) == []


def test_rows_that_came_and_went_unpublished_are_no_loss(copied: Warehouse) -> None:
    publish(copied)
    copied.change(
        "insert into paiement_factures (facture_id, montant, date_paiement, created_at, updated_at)"
        " select facture_id, 1, '2020-01-01', '2020-01-01', now() from paiement_factures, "
        "generate_series(1, 3)"
    )
    copied.load(accept_loss=False)
    copied.change("delete from paiement_factures where date_paiement = '2020-01-01'")
    copied.load(accept_loss=False)
    assert stale(copied) == []


def test_small_and_empty_tables_may_lose_what_they_have(copied: Warehouse) -> None:
    copied.change("delete from collecte_zones")
    copied.load()
    copied.load(accept_loss=False)
    copied.change("truncate demande_attribution_lots")
    copied.change(
        "insert into demande_attribution_lots "
        "(demande_attribution_id, lot_id, created_at, updated_at) "
        "select demande_id, lot_id, now(), now() from "
        "(select id as demande_id from demandes_attribution limit 1) d, "
        "(select id as lot_id from lots limit 19) l"
    )
    copied.load()
    copied.change("truncate demande_attribution_lots")
    copied.load(accept_loss=False)
    assert stale(copied) == []


@pytest.mark.parametrize(("share", "ends"), [(0.0, True), (0.2, True), (0.25, False), (1.0, False)])
def test_the_share_is_a_setting(copied: Warehouse, share: float, ends: bool) -> None:
    [(rows,)] = copied.rows("select count(*) from raw_sigeti.paiement_factures")
    copied.change("delete from paiement_factures where id > %s", rows - rows // 4)
    settings = replace(copied.settings, loss_share=share)
    if share == 1.0:
        copied.change("truncate paiement_factures")
    if ends:
        with pytest.raises(UserError, match="--accept-loss"):
            load(settings, report=copied.lines.append)
    else:
        load(settings, report=copied.lines.append)
        assert stale(copied) == []
