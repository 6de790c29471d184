"""Mistakes of earlier warehouses on this source, 1 to 9: wrong figures.

Each test makes rows of its own at the source of one warehouse and lets a night pass.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from sigeti_dwh.settings import ROOT

from .source_rows import add, at_source
from .warehouse import Warehouse, today

FINANCE = "dwh_marts_financier.mart_performance_financiere"
ZONES = "dwh_marts_occupation.mart_occupation_zones"
CLIENTS = "dwh_marts_clients.mart_portefeuille_clients"
MONTHS = "dwh_marts_operationnel.mart_kpi_operationnels"


def test_mistake_01_watermark_on_a_business_date(built: Warehouse) -> None:
    """What happens late to something old arrives, even below a campaign that starts in years."""
    add(built, "collectes", date_debut="2090-01-01", date_fin_prevue="2090-02-01")
    client = add(built, "entreprises")
    invoice = add(built, "factures", entreprise_id=client, montant_total=900)
    request, campaign = add(built, "demandes_attribution"), add(built, "collectes")
    built.run()
    add(built, "paiement_factures", facture_id=invoice, montant=400)
    built.change("update demandes_attribution set statut = 'VALIDE' where id = %s", request)
    built.change("update collectes set statut_cloture = 'cloturee' where id = %s", campaign)
    later = add(built, "collectes")
    built.run()
    assert built.rows(
        "select montant_regle_declare, "
        "(select est_approuve from dwh_facts.fait_attributions where demande_id = %s), "
        "(select est_cloturee from dwh_facts.fait_collectes where collecte_id = %s), "
        "(select not est_cloturee from dwh_facts.fait_collectes where collecte_id = %s) "
        "from dwh_facts.fait_factures where facture_id = %s",
        *(request, campaign, later, invoice),
    ) == [(400, True, True, True)]


@pytest.mark.parametrize(
    ("figure", "truth"),
    [
        (
            f"select sum(demandes_approuvees), sum(demandes_rejetees), sum(demandes_en_attente), "
            f"count(taux_approbation_pct) > 0 and max(taux_approbation_pct) > 0 from {ZONES}",
            "select count(*) filter (where statut = 'VALIDE'), "
            "count(*) filter (where statut = 'REJETE'), "
            "count(*) filter (where statut in ('EN_COURS', 'DOCUMENTS_REJETES')), true "
            "from demandes_attribution",
        ),
        (
            f"select sum(lots_disponibles), sum(lots_occupes) from {ZONES}",
            "select count(*) filter (where statut = 'disponible'), "
            "count(*) filter (where statut = 'occupé') from lots",
        ),
        (
            f"select sum(nombre_factures), sum(nombre_factures_annulees) from {FINANCE}",
            "select count(*) filter (where statut in ('En attente', 'Payée')), "
            "count(*) filter (where statut in ('Annulée', 'Remboursée', 'Échoué')) "
            "from factures where is_deleted is not true and deleted_at is null",
        ),
        (
            f"select sum(collectes_cloturees) from {MONTHS}",
            "select count(*) from collectes where statut_cloture = 'cloturee'",
        ),
        (
            "select count(*) filter (where est_complete) from dwh_facts.fait_collectes",
            "select count(*) from collectes where status = 'recouvree'",
        ),
    ],
    ids=["requests", "parcels", "invoices", "closed campaigns", "complete campaigns"],
)
def test_mistake_02_statuses_that_do_not_exist(built: Warehouse, figure: str, truth: str) -> None:
    assert built.rows(figure) == at_source(built, truth)
    assert all(built.rows(figure)[0])


def test_mistake_03_a_date_in_the_key(built: Warehouse) -> None:
    """A corrected date changes the row, and neither makes a second one nor moves a key."""
    client, zone = add(built, "entreprises"), add(built, "zones_industrielles")
    request = add(built, "demandes_attribution", entreprise_id=client, zone_id=zone)
    campaign = add(built, "collectes")
    payer = {"entreprise_id": client, "demande_attribution_id": request}
    invoice = add(built, "factures", **payer, montant_total=900)
    payment = add(built, "paiement_factures", facture_id=invoice, montant=900)
    query = (
        "select f.entreprise_key, f.zone_key, count(*) over (), "
        "to_char(f.date_creation, 'YYYY-MM'), to_char(p.date_paiement, 'YYYY-MM'), "
        "to_char(d.date_demande, 'YYYY-MM'), to_char(c.date_debut, 'YYYY-MM') "
        "from dwh_facts.fait_factures f "
        "join dwh_dimensions.dim_entreprises e on e.entreprise_key = f.entreprise_key "
        "join dwh_dimensions.dim_zones_industrielles z on z.zone_id = f.zone_id "
        "join dwh_facts.fait_paiements p on p.facture_id = f.facture_id "
        "join dwh_facts.fait_attributions d on d.demande_id = f.demande_id "
        "join dwh_facts.fait_collectes c on c.collecte_id = %s where f.facture_id = %s"
    )
    built.run()
    (before,) = built.rows(query, campaign, invoice)
    assert before[2:] == (1, *["2024-03"] * 4)
    for table, column, row in (
        ("factures", "date_creation", invoice),
        ("paiement_factures", "date_paiement", payment),
        ("demandes_attribution", "created_at", request),
        ("collectes", "date_debut", campaign),
        ("entreprises", "date_creation", client),
        ("zones_industrielles", "created_at", zone),
    ):
        built.change(f"update {table} set {column} = '2023-11-02' where id = %s", row)
    built.run()
    assert built.rows(query, campaign, invoice) == [(*before[:3], *["2023-11"] * 4)]


def test_mistake_04_lateness_stored_on_the_day_of_the_load(built: Warehouse) -> None:
    """An invoice becomes late by the calendar alone, and no fact is written for that."""
    client = add(built, "entreprises")
    tomorrow = today() + timedelta(days=1)
    add(built, "factures", entreprise_id=client, montant_total=900, date_echeance=tomorrow)
    built.run()
    late = f"select nombre_factures_en_retard from {{}} where entreprise_id = {client}"
    facts = "select f::text from dwh_facts.fait_factures as f order by 1"
    stored = built.rows(facts)
    assert [built.rows(late.format(mart)) for mart in (FINANCE, CLIENTS)] == [[(0,)]] * 2
    settings = built.folder / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    later = f'date_reference: "{tomorrow + timedelta(days=1)}"'
    settings.write_text(text.replace("date_reference: null", later), encoding="utf-8")
    try:
        built.build()
    finally:
        settings.write_text(text, encoding="utf-8")
    assert [built.rows(late.format(mart)) for mart in (FINANCE, CLIENTS)] == [[(1,)]] * 2
    assert built.rows(facts) == stored


@pytest.mark.parametrize(
    "path", sorted((ROOT / "models" / "facts").glob("*.sql")), ids=lambda path: path.stem
)
def test_mistake_04_a_fact_that_knows_the_day(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"current_date|current_timestamp|now\(\)|reference_date", text)


def test_mistake_05_facts_joined_to_facts(built: Warehouse) -> None:
    """Two invoices of three payments and two requests of two parcels multiply nothing."""
    zone, client = add(built, "zones_industrielles"), add(built, "entreprises")
    campaign = add(built, "collectes", montant_a_recouvrer=3000)
    built.change("insert into collecte_zones values (%s, %s)", campaign, zone)
    for _ in range(2):
        invoice = add(
            built, "factures", entreprise_id=client, collecte_id=campaign, montant_total=1500
        )
        for _ in range(3):
            add(built, "paiement_factures", facture_id=invoice, montant=100)
        request = add(
            built, "demandes_attribution", entreprise_id=client, zone_id=zone, statut="VALIDE"
        )
        for _ in range(2):
            lot = add(built, "lots", zone_industrielle_id=zone)
            add(built, "demande_attribution_lots", demande_attribution_id=request, lot_id=lot)
    built.run()
    assert built.rows(
        "select nombre_factures, chiffre_affaires_total, montant_regle_declare, nombre_demandes, "
        f"nombre_lots_attribues, superficie_attribuee_m2 from {CLIENTS} where entreprise_id = %s",
        client,
    ) == [(2, 3000, 600, 2, 4, 2000)]
    assert built.rows(
        f"select sum(nombre_factures), sum(montant_facture), sum(montant_regle_declare) "
        f"from {FINANCE} where zone_id = %s",
        zone,
    ) == [(2, 3000, 600)]
    assert built.rows(
        f"select nombre_demandes, nombre_total_lots, valeur_totale_lots from {ZONES} "
        "where zone_id = %s",
        zone,
    ) == [(2, 4, 4000)]
    assert built.rows(
        "select nombre_factures, montant_facture, montant_regle_declare, montant_a_recouvrer "
        "from dwh_facts.fait_collectes where collecte_id = %s",
        campaign,
    ) == [(2, 3000, 600, 3000)]


def test_mistake_06_a_campaign_joined_to_the_zone_of_its_own_id(built: Warehouse) -> None:
    pairs = "select collecte_id, zone_id from {} order by 1, 2"
    truth = at_source(built, pairs.format("collecte_zones"))
    zones = {zone for _, zone in truth}
    assert any(campaign in zones and campaign != zone for campaign, zone in truth)
    assert built.rows(pairs.format("dwh_facts.pont_collectes_zones")) == truth
    only = {campaign: zone for campaign, zone in truth if sum(c == campaign for c, _ in truth) == 1}
    for query in (
        "select distinct collecte_id, zone_id from dwh_facts.fait_factures "
        "where collecte_id = any(%s)",
        "select collecte_id, z.zone_id from dwh_facts.fait_collectes "
        "join dwh_dimensions.dim_zones_industrielles z using (zone_key) "
        "where collecte_id = any(%s)",
    ):
        found = built.rows(query, list(only))
        assert found and set(found) <= set(only.items())


@pytest.mark.parametrize("mart", [FINANCE, MONTHS], ids=["finance", "months"])
def test_mistake_07_totals_of_a_quarter_on_its_months(built: Warehouse, mart: str) -> None:
    """The months of a quarter add up to it."""
    truth = at_source(
        built,
        "select extract(year from date_creation at time zone 'UTC')::integer, "
        "extract(quarter from date_creation at time zone 'UTC')::integer, sum(montant_total) "
        "from factures where is_deleted is not true and deleted_at is null "
        "and statut in ('En attente', 'Payée') group by 1, 2 order by 1, 2",
    )
    assert truth == built.rows(
        f"select annee, trimestre, sum(montant_facture) from {mart} "
        "group by 1, 2 having sum(montant_facture) <> 0 order by 1, 2"
    )


def test_mistake_08_what_has_no_partner_vanishes(built: Warehouse) -> None:
    """Keep zones without lots, months without campaigns, requests with several parcels."""
    zone, other = add(built, "zones_industrielles"), add(built, "zones_industrielles")
    request = add(built, "demandes_attribution", zone_id=other)
    lots = [add(built, "lots", zone_industrielle_id=other) for _ in range(3)]
    for lot in lots:
        add(built, "demande_attribution_lots", demande_attribution_id=request, lot_id=lot)
    add(built, "collectes", date_debut="2012-01-10", date_fin_prevue="2012-02-10")
    add(built, "collectes", date_debut="2012-05-10", date_fin_prevue="2012-06-10")
    built.run()
    assert built.rows(
        f"select nombre_total_lots, taux_occupation_pct from {ZONES} where zone_id = %s", zone
    ) == [(0, None)]
    assert built.rows(
        f"select mois, nombre_collectes from {MONTHS} where annee = 2012 and mois < 6 order by 1"
    ) == [(1, 1), (2, 0), (3, 0), (4, 0), (5, 1)]
    assert built.rows(
        "select nombre_lots, superficie_demandee_m2 from dwh_facts.fait_attributions "
        "where demande_id = %s",
        request,
    ) == [(3, 1500)]
    assert built.rows(f"select lots_demandes from {ZONES} where zone_id = %s", other) == [(3,)]


def test_mistake_09_unpaid_invoices_paid_on_their_first_day(built: Warehouse) -> None:
    unpaid = at_source(
        built,
        "select id from factures f where date_paiement is null and montant_total > 0 "
        "and is_deleted is not true and deleted_at is null "
        "and not exists (select 1 from paiement_factures where facture_id = f.id)",
    )
    assert len(unpaid) > 0
    assert built.rows(
        "select distinct date_solde, date_solde_key, delai_paiement_jours, montant_regle_declare "
        "from dwh_facts.fait_factures where facture_id = any(%s)",
        [facture for (facture,) in unpaid],
    ) == [(None, -1, None, 0)]
