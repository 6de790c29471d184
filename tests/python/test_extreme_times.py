"""Times at the source that no calendar holds, and change times of a clock that was wrong."""

from datetime import UTC, date, datetime

from .source_rows import add
from .warehouse import Warehouse, written

EXTREMES = [
    "infinity",
    "-infinity",
    "20250-03-01 00:00:00+00",
    "294276-12-31 23:59:59+00",
    "4000-06-01 00:00:00+00 BC",
]
UNKNOWN_MONTH = date(1900, 1, 1)


def test_events_of_extreme_times_are_of_the_unknown_day(built: Warehouse) -> None:
    """What was paid stays paid, on a day that is known; what was counted stays counted."""
    owner = add(built, "entreprises")
    payer = {"entreprise_id": owner, "montant_total": 1000}
    for moment in EXTREMES:
        issued = add(built, "factures", **payer, date_creation=moment, date_echeance=moment)
        settled = add(built, "factures", **payer)
        add(built, "paiement_factures", facture_id=settled, montant=1000, date_paiement=moment)
        called_paid = add(built, "factures", **payer, statut="Payée", date_paiement=moment)
        request = add(
            built, "demandes_attribution", statut="VALIDE", created_at=moment, updated_at=moment
        )
        day = moment if "infinity" in moment else moment.split()[0]
        campaign = add(built, "collectes", date_debut=day, date_fin_prevue=day, date_cloture=moment)
        built.run()
        facts = (
            "select date_creation, date_creation_key, date_echeance, date_echeance_key, "
            "statut_reglement, date_solde from dwh_facts.fait_factures where facture_id = %s"
        )
        known = (date(2024, 3, 15), 20240315)
        assert built.rows(facts, issued) == [(None, -1, None, -1, "impayée", None)]
        assert built.rows(facts, settled) == [(*known, None, -1, "soldée", known[0])]
        assert built.rows(facts, called_paid) == [(*known, None, -1, "soldée", known[0])]
        assert built.rows(
            "select date_demande, date_decision, est_approuve, source_modifie_a "
            "from dwh_facts.fait_attributions where demande_id = %s",
            request,
        ) == [(None, None, True, None)]
        assert built.rows(
            "select date_debut, date_fin_prevue, date_debut_key, date_cloture "
            "from dwh_facts.fait_collectes where collecte_id = %s",
            campaign,
        ) == [(None, None, -1, None)]
    months = "dwh_marts_operationnel.mart_kpi_operationnels"
    assert built.rows(
        "select nombre_factures_emises, nombre_paiements, nombre_demandes, nombre_collectes "
        f"from {months} where premier_jour_mois = %s",
        UNKNOWN_MONTH,
    ) == [(len(EXTREMES),) * 4]
    # Between the unknown month and the first known one there is none.
    assert built.rows(
        f"select count(*) from {months} where premier_jour_mois < %s", date(2020, 1, 1)
    ) == [(1,)]
    assert built.rows(
        "select sum(nombre_factures) from dwh_marts_financier.mart_performance_financiere "
        "where premier_jour_mois = %s and entreprise_id = %s",
        *(UNKNOWN_MONTH, owner),
    ) == [(len(EXTREMES),)]
    assert written(built.run(full_refresh=True)) == {}
    # A corrected day leaves the unknown month.
    built.change("update factures set date_creation = '2024-05-05' where id = %s", issued)
    built.run()
    assert built.rows(
        "select sum(nombre_factures) from dwh_marts_financier.mart_performance_financiere "
        "where premier_jour_mois = %s and entreprise_id = %s",
        *(UNKNOWN_MONTH, owner),
    ) == [(len(EXTREMES) - 1,)]
    assert written(built.run(full_refresh=True)) == {}


def test_a_wrong_clock_freezes_no_version(built: Warehouse) -> None:
    """A version begins when it was observed at the latest, and facts follow the next one."""
    zone = add(built, "zones_industrielles")
    clocks = {
        wrong: (
            add(built, "entreprises", raison_sociale=f"Avant {wrong}"),
            add(built, "lots", zone_industrielle_id=zone, numero=f"Avant {wrong}"),
        )
        for wrong in [*EXTREMES, "2150-01-01"]
    }
    built.run()
    moments = [datetime.now(UTC)]
    for name in ("Pendant", "Après"):
        for wrong, (owner, lot) in clocks.items():
            moment = wrong if name == "Pendant" else "now"
            for table, column, clock, identifier in (
                ("entreprises", "raison_sociale", "date_modification", owner),
                ("lots", "numero", "updated_at", lot),
            ):
                built.change(
                    f"update {table} set {column} = %s, {clock} = %s where id = %s",
                    *(f"{name} {wrong}", moment, identifier),
                )
        built.run()
        moments.append(datetime.now(UTC))
    invoices = {
        wrong: add(built, "factures", entreprise_id=owner, date_creation="now")
        for wrong, (owner, _) in clocks.items()
    }
    built.run()
    for wrong, (owner, lot) in clocks.items():
        for dimension, column, key, identifier in (
            ("dim_entreprises", "raison_sociale", "entreprise_id", owner),
            ("dim_lots", "numero_lot", "lot_id", lot),
        ):
            versions = built.rows(
                f"select {column}, valid_from, valid_to from dwh_dimensions.{dimension} "
                f"where {key} = %s order by numero_version",
                identifier,
            )
            assert [name.split()[0] for name, *_ in versions] == ["Avant", "Pendant", "Après"]
            starts = [start for _, start, _ in versions]
            assert moments[0] < starts[1] < moments[1] < starts[2] < moments[2]
            assert [end for _, _, end in versions] == [*starts[1:], None]
        assert built.rows(
            "select raison_sociale from dwh_facts.fait_factures "
            "join dwh_dimensions.dim_entreprises using (entreprise_key) where facture_id = %s",
            invoices[wrong],
        ) == [(f"Après {wrong}",)]
    assert written(built.run(full_refresh=True)) == {}


def test_a_dimension_that_was_frozen_heals(built: Warehouse) -> None:
    """A snapshot keeps what earlier nights wrote into it: versions are dated again from it."""
    owner = add(built, "entreprises", raison_sociale="Avant")
    built.run()
    for name in ("Pendant", "Après"):
        built.change("update entreprises set raison_sociale = %s where id = %s", name, owner)
        built.run()
    built.rows(
        "update dwh_snapshots.snap_entreprises set modifie_le = 'infinity', "
        "date_constitution = '4000-01-01 BC' where entreprise_id = %s and "
        "raison_sociale = 'Pendant' returning 1",
        owner,
    )
    built.run(full_refresh=True)
    versions = built.rows(
        "select raison_sociale, valid_from, valid_to, date_constitution "
        "from dwh_dimensions.dim_entreprises where entreprise_id = %s order by numero_version",
        owner,
    )
    assert [name for name, *_ in versions] == ["Avant", "Pendant", "Après"]
    assert versions[1][1] < versions[1][2] == versions[2][1] < datetime.now(UTC)
    assert versions[1][3] is None
