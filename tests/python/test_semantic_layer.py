"""MetricFlow's totals on the facts equal those of the marts."""

from decimal import Decimal
from typing import Any

import pytest

from .metrics import metricflow
from .warehouse import Warehouse

FINANCE = "dwh_marts_financier.mart_performance_financiere"
OPERATIONS = "dwh_marts_operationnel.mart_kpi_operationnels"
ZONES = "dwh_marts_financier.mart_performance_zones"
CLIENTS = "dwh_marts_clients.mart_portefeuille_clients"
AGED = "dwh_marts_financier.mart_balance_agee"
CASHED = "dwh_marts_financier.mart_encaissements"
CAMPAIGNS = "dwh_marts_financier.mart_recouvrement_collectes"
JOBS = "dwh_marts_operationnel.mart_emplois_investissements"
CASES = "dwh_marts_operationnel.mart_suivi_dossiers"
PATH = "dwh_marts_operationnel.mart_parcours_demandes"
INVOICES = "dwh_marts_clients.mart_factures_clients"
SEGMENTS = "dwh_marts_clients.mart_segments_clients"
OCCUPATION = "dwh_marts_occupation.mart_occupation_zones"
FINANCE_TOTALS = {
    "montant_facture": "sum(montant_facture)",
    "montant_annule": "sum(montant_annule)",
    "montant_regle_declare": "sum(montant_regle_declare)",
    "montant_regle_confirme": "sum(montant_regle_confirme)",
    "montant_restant_du": "sum(montant_restant_du)",
    "nombre_factures": "sum(nombre_factures)",
    "nombre_factures_annulees": "sum(nombre_factures_annulees)",
    "nombre_factures_soldees": "sum(nombre_factures_soldees)",
    "taux_recouvrement": "sum(montant_regle_declare) / sum(montant_facture)",
    "taux_factures_soldees": "sum(nombre_factures_soldees)::numeric / sum(nombre_factures)",
}
CLIENT_TOTALS = {
    "montant_facture": "sum(chiffre_affaires_total)",
    "montant_regle_declare": "sum(montant_regle_declare)",
    "montant_restant_du": "sum(montant_restant_du)",
    "nombre_factures": "sum(nombre_factures)",
    "nombre_demandes": "sum(nombre_demandes)",
    "demandes_approuvees": "sum(demandes_approuvees)",
}
TOTALS = {
    FINANCE: FINANCE_TOTALS,
    ZONES: FINANCE_TOTALS,
    CAMPAIGNS: {
        "montant_a_recouvrer": "sum(montant_a_recouvrer)",
        "montant_recouvre": "sum(montant_recouvre)",
        "nombre_collectes": "count(*)",
    },
    INVOICES: {
        "montant_restant_du": "sum(montant_restant_du)",
        "nombre_factures": "count(*) filter (where statut_reglement <> 'annulée')",
    },
    CASHED: {
        "nombre_paiements": "sum(nombre_paiements)",
        "montant_encaisse": "sum(montant_declare)",
        "montant_encaisse_confirme": "sum(montant_confirme)",
    },
    JOBS: {
        "nombre_demandes": "sum(nombre_demandes)",
        "demandes_approuvees": "sum(demandes_approuvees)",
        "emplois_annonces": "sum(emplois_total)",
        "emplois_approuves": "sum(emplois_total_approuves)",
        "investissement_annonce": "sum(montant_investissement)",
        "investissement_approuve": "sum(montant_investissement_approuve)",
        "investissement_par_emploi": "sum(montant_investissement) / sum(emplois_total)",
    },
    CASES: {
        "nombre_dossiers": "sum(nombre_dossiers)",
        "dossiers_ouverts": "sum(nombre_dossiers) filter (where etat = 'ouvert')",
        "montant_dossiers": "sum(montant)",
        "duree_moyenne_dossiers": "sum(duree_totale_jours) / sum(nombre_clos)",
    },
    AGED: {"montant_restant_du": "sum(montant_restant_du)"},
    CLIENTS: CLIENT_TOTALS,
    SEGMENTS: CLIENT_TOTALS,
    OCCUPATION: {
        "nombre_demandes": "sum(nombre_demandes)",
        "demandes_approuvees": "sum(demandes_approuvees)",
        "demandes_rejetees": "sum(demandes_rejetees)",
        "demandes_en_attente": "sum(demandes_en_attente)",
    },
    PATH: {
        "nombre_passages": "sum(nombre_passages)",
        "nombre_retours": "sum(nombre_retours)",
        "duree_totale_jours": "sum(duree_totale_jours)",
        "nombre_durees": "sum(nombre_durees)",
        "taux_retour": "sum(nombre_retours)::numeric / sum(nombre_passages)",
        "duree_moyenne_jours": "sum(duree_totale_jours) / sum(nombre_durees)",
    },
    OPERATIONS: {
        "montant_facture": "sum(montant_facture)",
        "montant_annule": "sum(montant_annule)",
        "montant_regle_declare": "sum(montant_regle_declare)",
        "nombre_factures": "sum(nombre_factures_emises)",
        "nombre_factures_annulees": "sum(nombre_factures_annulees)",
        "nombre_factures_soldees": "sum(factures_soldees)",
        "montant_encaisse": "sum(montant_encaisse)",
        "nombre_paiements": "sum(nombre_paiements)",
        "nombre_demandes": "sum(nombre_demandes)",
        "demandes_approuvees": "sum(demandes_approuvees)",
        "demandes_rejetees": "sum(demandes_rejetees)",
        "demandes_en_attente": "sum(demandes_en_attente)",
        "demandes_decidees": "sum(demandes_approuvees + demandes_rejetees)",
        "superficie_demandee": "sum(superficie_demandee_m2)",
        "taux_approbation": "sum(demandes_approuvees)::numeric "
        "/ sum(demandes_approuvees + demandes_rejetees)",
        "nombre_collectes": "sum(nombre_collectes)",
        "collectes_cloturees": "sum(collectes_cloturees)",
        "montant_a_recouvrer": "sum(montant_a_recouvrer)",
        "montant_recouvre": "sum(montant_recouvre)",
        "taux_recouvrement_campagnes": "sum(montant_recouvre) / sum(montant_a_recouvrer)",
        "taux_cloture": "sum(collectes_cloturees)::numeric / sum(nombre_collectes)",
    },
}


@pytest.fixture(scope="module")
def query(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that asks MetricFlow for metrics, by dimensions or in all."""
    return metricflow(built, tmp_path_factory.mktemp("metricflow"))


@pytest.fixture(scope="module")
def totals(query: Any) -> dict[str, Decimal]:
    """Return every metric over everything, asked for at once."""
    (row,) = query(sorted({metric for metrics in TOTALS.values() for metric in metrics}))
    return {metric: Decimal(value) for metric, value in row.items()}


@pytest.mark.parametrize(
    ("mart", "metric"), [(mart, metric) for mart, metrics in TOTALS.items() for metric in metrics]
)
def test_a_total_of_a_mart_equals_the_metric(
    mart: str, metric: str, built: Warehouse, totals: dict[str, Decimal]
) -> None:
    ((total,),) = built.rows(f"select {TOTALS[mart][metric]} from {mart}")
    # MetricFlow divides in double precision.
    assert abs(Decimal(total) - totals[metric]) < Decimal("0.000001")


def test_zones_of_the_mart_equal_the_metric_by_zone(built: Warehouse, query: Any) -> None:
    asked = {
        row["zone__nom_zone"]: Decimal(row["montant_facture"] or 0)
        for row in query(["montant_facture"], "zone__nom_zone")
    }
    assert asked == dict(
        built.rows(f"select nom_zone, sum(montant_facture) from {FINANCE} group by 1")
    )
