"""Times at the source that no calendar holds."""

from collections.abc import Iterator
from datetime import date

import pytest

from sigeti_dwh.embedded import EmbeddedServer

from .conftest import fresh_database
from .source_rows import add
from .warehouse import Warehouse, copy_project, written

EXTREMES = {
    "infinity": date(9999, 12, 31),
    "-infinity": date(1, 1, 1),
    "294276-12-31 23:59:59+00": date(9999, 12, 31),
    "4000-06-01 00:00:00+00 BC": date(1, 1, 1),
}


@pytest.fixture(scope="module")
def built(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Build a warehouse of these tests alone: the oracle knows nothing of such times."""
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        warehouse = Warehouse(source, target, copy_project(tmp_path_factory.mktemp("project")))
        warehouse.fill()
        warehouse.run()
        yield warehouse


@pytest.mark.parametrize("moment", EXTREMES)
def test_an_extreme_time_stops_no_night(built: Warehouse, moment: str) -> None:
    owner = add(built, "entreprises")
    invoice = add(
        built,
        "factures",
        entreprise_id=owner,
        montant_total=1000,
        date_creation=moment,
        date_echeance=moment,
    )
    other = add(built, "factures", entreprise_id=owner, montant_total=1000)
    add(built, "paiement_factures", facture_id=other, montant=1000, date_paiement=moment)
    request = add(
        built, "demandes_attribution", statut="VALIDE", created_at=moment, updated_at=moment
    )
    built.run()
    day = EXTREMES[moment]
    assert built.rows(
        "select date_creation, date_creation_key, date_echeance, date_echeance_key "
        "from dwh_facts.fait_factures where facture_id = %s",
        invoice,
    ) == [(day, -1, day, -1)]
    assert built.rows(
        "select date_solde, date_solde_key, statut_reglement "
        "from dwh_facts.fait_factures where facture_id = %s",
        other,
    ) == [(day, -1, "soldée")]
    assert built.rows(
        "select date_demande, date_decision from dwh_facts.fait_attributions where demande_id = %s",
        request,
    ) == [(day, day)]
    invoiced, counted = built.rows(
        "select (select sum(montant_total) from dwh_facts.fait_factures where est_comptee), "
        "(select sum(montant_facture) from dwh_marts_operationnel.mart_kpi_operationnels)"
    )[0]
    assert invoiced == counted
    assert written(built.run(full_refresh=True)) == {}


@pytest.mark.parametrize("day", ["infinity", "-infinity"])
def test_an_extreme_day_of_a_campaign_stops_no_night(built: Warehouse, day: str) -> None:
    campaign = add(built, "collectes", date_debut=day, date_fin_prevue=day)
    built.run()
    assert built.rows(
        "select date_debut, date_fin_prevue, date_debut_key from dwh_facts.fait_collectes "
        "where collecte_id = %s",
        campaign,
    ) == [(EXTREMES[day], EXTREMES[day], -1)]
