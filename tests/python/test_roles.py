"""What each role may and may not, tried over connections of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.freshness import public_holidays
from sigeti_dwh.monitor.survey import survey
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.restore import restore
from sigeti_dwh.warehouse.roles import ROLES, create_login, create_roles

from .readers import PASSWORD, Site, execute

MARTS = {
    f"dwh_{mart.schema}.{mart.name}": mart.columns
    for mart in read_marts()
    if mart.name != "fraicheur"
}
ZONED = {
    **{name: "zone_id" for name, columns in MARTS.items() if "zone_id" in columns},
    "dwh_facts.fait_attributions": "zone_key",
    "dwh_facts.fait_factures": "zone_key",
    "dwh_facts.fait_paiements": "zone_key",
    "dwh_facts.fait_collectes": "zone_key",
    "dwh_facts.pont_collectes_zones": "zone_key",
    "dwh_dimensions.dim_lots": "zone_id",
    "dwh_dimensions.dim_zones_industrielles": "zone_key",
}
ZONED_MARTS = ZONED.keys() & MARTS.keys()
OVERALL = tuple(name for name in MARTS if name not in ZONED)
FRESHNESS = "dwh_marts_operationnel.fraicheur"
SAFE = "entreprise_id, raison_sociale"
# What is tried, and which roles may.
TRIALS: list[tuple[str, set[str]]] = [
    *(
        (f"select * from {mart}", {"bi_reader", "dwh_analyst", "dwh_monitor", "dwh_transformer"})
        for mart in (*sorted(ZONED_MARTS), *OVERALL, FRESHNESS)
    ),
    *(
        (f"select * from {relation}", {"dwh_analyst", "dwh_monitor", "dwh_transformer"})
        for relation in sorted(ZONED.keys() - ZONED_MARTS)
    ),
    (
        f"select {SAFE} from dwh_dimensions.dim_entreprises",
        {"dwh_analyst", "dwh_monitor", "dwh_transformer"},
    ),
    ("select count(*) from raw_sigeti.entreprises", {*ROLES} - {"bi_reader", "dwh_analyst"}),
    ("select count(*) from dwh_staging.stg_entreprises", {"dwh_monitor", "dwh_transformer"}),
    ("select count(*) from dwh_reference.jours_feries", {"dwh_monitor", "dwh_transformer"}),
    ("select count(*) from dwh_snapshots.snap_entreprises", {"dwh_monitor", "dwh_transformer"}),
    (
        "select count(*) from dwh_preparation.mart_kpi_operationnels",
        {"dwh_monitor", "dwh_transformer"},
    ),
    *(
        (f"select {contact} from {relation}", roles)
        for contact in ("telephone", "email", "adresse")
        for relation, roles in (
            ("dwh_dimensions.dim_entreprises", {"dwh_transformer"}),
            ("dwh_staging.stg_entreprises", {"dwh_transformer"}),
            ("dwh_snapshots.snap_entreprises", {"dwh_transformer"}),
        )
    ),
    ("select email from raw_sigeti.entreprises", {"dwh_loader", "dwh_transformer"}),
    ("select * from dwh_meta.executions", {"dwh_monitor", "dwh_loader", "dwh_transformer"}),
    ("select * from dwh_meta.droits_zones", set()),
    ("insert into dwh_meta.droits_zones values (session_user, null)", set()),
    ("update raw_sigeti.lots set prix = prix", {"dwh_loader"}),
    ("update dwh_facts.fait_factures set statut = statut", {"dwh_transformer"}),
    (f"update {OVERALL[-1]} set annee = annee", {"dwh_transformer"}),
    ("create table dwh_marts_clients.a (b int)", set()),
    ("create table public.a (b int)", set()),
    ("alter table dwh_facts.fait_factures disable row level security", set()),
    ("drop policy zones on dwh_facts.fait_factures", set()),
    ("show data_directory", {"dwh_monitor"}),
    ("select lo_from_bytea(0, 'x')", set()),
    ("select lo_create(0)", set()),
    ("create temporary table a (b int)", {"dwh_loader", "dwh_transformer"}),
    ("select pg_advisory_xact_lock(n) from generate_series(1, 3) as n", set()),
    ("select pg_try_advisory_lock_shared(1, 1)", set()),
    ("select pg_logical_emit_message(false, 'a', 'b')", set()),
    ("create schema a", set()),
    ("lock table pg_settings in access exclusive mode", set()),
]


@contextmanager
def for_a_while(server: Server, harm: str, repair: str) -> Iterator[None]:
    """Say one thing, and the other at the end."""
    execute(server, harm)
    try:
        yield
    finally:
        execute(server, repair)


def allowed(server: Server, statement: str) -> bool:
    """Try a statement as a login, and take it back."""
    with connect(server) as connection:
        # The read-only default is a guard that a login can set aside: rights are what is tried.
        connection.execute("set transaction read write")
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return False
        finally:
            connection.rollback()
    return True


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_is_for_and_nothing_else(site: Site, role: str) -> None:
    member = site.as_login(f"membre_{role}")
    found = {statement: allowed(member, statement) for statement, _ in TRIALS}
    assert found == {statement: role in roles for statement, roles in TRIALS}


def test_contact_details_are_found_in_every_layer(site: Site) -> None:
    """A column of a new name by which somebody can be reached would be open to analysts."""
    open_to_analysts = site.owner(
        "select format('%I.%I', c.oid::regclass, attname) from pg_attribute a "
        "join pg_class c on c.oid = attrelid where attnum > 0 "
        "and attname ~* '(phone|mail|adresse|contact)' and relname !~ 'zones_industrielles' "
        "and relnamespace::regnamespace::text ~ '^(dwh_|raw_)' "
        "and (has_column_privilege('dwh_analyst', c.oid, attnum, 'select') "
        "or has_column_privilege('dwh_monitor', c.oid, attnum, 'select'))"
    )
    assert open_to_analysts == []


@pytest.mark.parametrize(
    ("column", "is_contact"),
    [
        ("numero_telephone", True),
        ("nom_contact", True),
        ("adresseFacturation", True),
        ("e_mail", True),
        ("raison_sociale", False),
        ("forme_juridique", False),
    ],
)
def test_a_contact_detail_is_known_wherever_its_name_says_so(
    site: Site, column: str, is_contact: bool
) -> None:
    known = f"select dwh_meta.est_coordonnee('dim_entreprises', '{column}')"
    assert site.owner(known) == [(is_contact,)]


def test_without_a_zone_no_row_is_seen(site: Site) -> None:
    for relation in (*sorted(ZONED_MARTS), *OVERALL):
        assert site.count("sans_zone", relation) == 0, relation
    for relation in (*ZONED, *OVERALL, "dwh_facts.pont_attributions_lots"):
        assert site.count("analyste_sans_zone", relation) == 0, relation
    assert site.count("sans_zone", FRESHNESS) > 0


def test_every_relation_with_a_zone_has_a_policy(site: Site) -> None:
    bare = site.owner(
        "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where relnamespace::regnamespace::text ~ '^dwh_(marts|facts|dimensions)' "
        "and relkind in ('r', 'p') and attname ~ '^zone_(id|key)$' "
        "and not (relrowsecurity and exists (select from pg_policy where polrelid = c.oid))"
    )
    assert bare == []


def test_a_zone_sees_its_own_rows_and_all_of_them(site: Site) -> None:
    [(zone,)] = site.owner("select zone_id from dwh_meta.droits_zones where login = 'une_zone'")
    for relation, column in ZONED.items():
        login = "une_zone" if relation.startswith("dwh_marts") else "analyste_une_zone"
        seen = site.ask(login, f"select t::text from {relation} t order by 1")
        meant = site.owner(f"select t::text from {relation} t where {column} = {zone} order by 1")
        assert seen == meant, relation
        assert seen, relation
    for relation in OVERALL:
        assert site.count("une_zone", relation) == 0, "totals of all zones"


def test_two_zones_are_seen_together_and_all_zones_see_all(site: Site) -> None:
    for relation, column in ZONED.items():
        zones = site.ask("deux_zones", f"select distinct {column} from {relation}")
        assert len(zones) == 2, relation
        for login in ("membre_dwh_analyst", "membre_dwh_monitor", "membre_dwh_transformer"):
            everything = site.owner(f"select count(*) from {relation}")[0][0]
            assert site.count(login, relation) == everything


def test_what_belongs_to_rows_of_a_zone_follows_them(site: Site) -> None:
    links = "select demande_id, lot_id from dwh_facts.pont_attributions_lots order by 1, 2"
    clients = "select distinct entreprise_id from dwh_dimensions.dim_entreprises order by 1"
    [(zone,)] = site.owner("select zone_id from dwh_meta.droits_zones where login = 'une_zone'")
    assert site.ask("analyste_une_zone", links) == site.owner(
        "select demande_id, lot_id from dwh_facts.pont_attributions_lots "
        "join dwh_facts.fait_attributions using (demande_id) "
        f"where zone_key = {zone} order by 1, 2"
    )
    seen = {client for (client,) in site.ask("analyste_une_zone", clients)}
    invoiced = site.owner(
        f"select distinct entreprise_id from dwh_facts.fait_factures where zone_key = {zone}"
    )
    assert {client for (client,) in invoiced} <= seen
    assert seen < {client for (client,) in site.owner(clients)}


def test_views_hide_what_their_reader_may_not_see(site: Site) -> None:
    """Whoever owns the view: an analyst who sees all zones, or the owner of the tables."""
    site.login("analyste_createur", "dwh_analyst", None)
    execute(site.administrator, "create schema essais authorization analyste_createur")
    view = "create view essais.factures as select * from dwh_facts.fait_factures"
    execute(site.as_login("analyste_createur"), view)
    execute(
        site.as_login("proprietaire"),
        "create view dwh_facts.factures_vues with (security_invoker) as "
        "select * from dwh_facts.fait_factures",
    )
    site.roles()
    execute(
        site.as_login("analyste_createur"),
        "grant usage on schema essais to public; grant select on essais.factures to public",
    )
    everything = site.count("analyste_createur", "essais.factures")
    for name in ("essais.factures", "dwh_facts.factures_vues"):
        for login in ("analyste_une_zone", "analyste_sans_zone"):
            assert site.count(login, name) == site.count(login, "dwh_facts.fait_factures"), name
    assert 0 < site.count("une_zone", "essais.factures") < everything
    execute(site.as_login("proprietaire"), "drop view dwh_facts.factures_vues")


def test_views_that_read_as_their_owner_are_not_for_readers_of_some_zones(site: Site) -> None:
    invoices = "as select * from dwh_facts.fait_factures"
    owner = site.as_login("proprietaire")
    names = ("dwh_facts.vue", "dwh_facts.gel", "dwh_marts_financier.vue")
    with for_a_while(
        owner,
        f"create view {names[0]} {invoices}; create materialized view {names[1]} {invoices}; "
        f"create view {names[2]} {invoices}; "
        f"grant select on {names[0]} to dwh_analyst; grant select on {names[2]} to bi_reader",
        f"drop view {names[0]}, {names[2]}; drop materialized view {names[1]}",
    ):
        site.roles()
        for name in names:
            for login in ("une_zone", "analyste_une_zone", "membre_dwh_analyst"):
                assert not allowed(site.as_login(login), f"select from {name}"), (login, name)
            assert allowed(site.as_login("membre_dwh_monitor"), f"select from {name}")
        execute(owner, f"alter view {names[0]} set (security_invoker = on)")
        site.roles()
        assert site.count("analyste_une_zone", names[0]) == site.count(
            "analyste_une_zone", "dwh_facts.fait_factures"
        )


def test_the_monitor_measures_all_as_its_role(site: Site) -> None:
    login = site.as_login("membre_dwh_monitor")
    settings = replace(site.warehouse.settings, warehouse=login)
    found = survey(settings, timeout=60, record=False)
    assert not [one for one in found.findings if one.kind == "access"]
    with connect(login, autocommit=True) as connection:
        assert public_holidays(connection)


def test_what_readers_name_is_not_read_as_the_owner(site: Site) -> None:
    names = (
        "leurres_facts.fait_attributions",
        "leurres_dimensions.dim_lots",
        "leurres_dimensions.dim_zones_industrielles",
        "leurres_marts_financier.mart_performance_financiere",
    )
    schemas = [f"leurres_{layer}" for layer in ("facts", "dimensions", "marts_financier")]
    site.login("rusé", "dwh_loader", [-1])
    baits = [
        *(f"grant usage on schema {schema} to public" for schema in schemas),
        "create function leurres_facts.pris() returns integer language plpgsql as "
        "$$ begin raise exception 'run as %', current_user; end $$",
        *(
            f"create view {name} as select 1 as demande_id, 1 as entreprise_id, -1 as zone_key, "
            f"true as is_current, leurres_facts.pris() as zone_id; grant select on {name} to public"
            for name in names
        ),
    ]
    with for_a_while(
        site.administrator,
        "; ".join(f"create schema {schema} authorization rusé" for schema in schemas),
        f"drop schema {', '.join(schemas)} cascade",
    ):
        execute(site.as_login("rusé"), "; ".join(baits))
        for call in ("demandes_visibles", "entreprises_visibles"):
            assert site.ask("rusé", f"select dwh_meta.{call}('leurres')") == [], call
        assert site.ask("rusé", "select dwh_meta.zones_de_lots_visibles('leurres')") == [([-1],)]


def test_parcels_without_a_known_zone_are_those_of_no_zone(site: Site) -> None:
    site.login("hors_zone", "dwh_analyst", [-1])
    site.login("hors_zone_bi", "bi_reader", [-1])
    parcels = (
        "select lot_id from dwh_dimensions.dim_lots "
        "where is_current and lot_id <> -1 order by lot_id limit 2"
    )
    (first,), (second,) = site.owner(parcels)
    others = "select lot_id from dwh_dimensions.dim_lots where lot_id <> -1 and is_current"
    assert site.ask("hors_zone", others) == []
    with for_a_while(
        site.as_login("proprietaire"),
        "create table dwh_meta.lots as select * from dwh_dimensions.dim_lots; "
        f"update dwh_dimensions.dim_lots set zone_id = null where lot_id = {first}; "
        f"update dwh_dimensions.dim_lots set zone_id = 987654, entreprise_id = 1 "
        f"where lot_id = {second}",
        "update dwh_dimensions.dim_lots l set zone_id = f.zone_id, "
        "entreprise_id = f.entreprise_id from dwh_meta.lots f where f.lot_key = l.lot_key; "
        "drop table dwh_meta.lots",
    ):
        assert sorted(site.ask("hors_zone", others)) == [(first,), (second,)]
        for parcel in (first, second):
            [(number,)] = site.owner(
                f"select numero_lot from dwh_dimensions.dim_lots where lot_id = {parcel}"
            )
            found = site.ask(
                "hors_zone_bi",
                "select identifiant from dwh_marts_clients.rechercher("
                f"'{number}', 200) where objet = 'lot'",
            )
            assert (parcel,) in found
            assert set(found) <= {(first,), (second,)}
        clients = site.ask("hors_zone", "select entreprise_id from dwh_dimensions.dim_entreprises")
        assert (1,) in clients
        for login in ("analyste_une_zone", "deux_zones"):
            mine = site.ask(login, "select lot_id from dwh_dimensions.dim_lots where is_current")
            assert {(first,), (second,)}.isdisjoint(mine)


@pytest.mark.parametrize("member", [-2, -3])
def test_what_is_of_several_zones_or_outside_them_is_for_readers_of_all(
    site: Site, member: int
) -> None:
    zones = [
        zone for (zone,) in site.owner("select zone_id from dwh_dimensions.dim_zones_industrielles")
    ]
    site.login("chaque_zone", "dwh_analyst", [zone for zone in zones if zone >= -1])
    execute(
        site.as_login("proprietaire"),
        f"insert into dwh_meta.droits_zones values ('chaque_zone', {member})",
    )
    seen = {
        relation
        for relation, column in ZONED.items()
        if site.ask(
            "membre_dwh_analyst", f"select from {relation} where {column} = {member} limit 1"
        )
    }
    assert "dwh_dimensions.dim_zones_industrielles" in seen
    assert seen & ZONED_MARTS
    for relation in seen:
        hidden = f"select from {relation} where {ZONED[relation]} = {member}"
        assert site.ask("chaque_zone", hidden) == [], relation
    [(name,)] = site.owner(
        f"select nom_zone from dwh_dimensions.dim_zones_industrielles where zone_id = {member}"
    )
    search = f"select objet from dwh_marts_clients.rechercher('{name}', 200) where objet = 'zone'"
    for login in ("chaque_zone", "membre_dwh_analyst"):
        assert f"{member}" not in str(
            site.ask(login, search.replace("objet from", "identifiant from"))
        )


def test_no_setting_or_role_opens_other_zones(site: Site) -> None:
    mart = next(iter(ZONED))
    with connect(site.as_login("une_zone")) as connection:
        mine = connection.execute(f"select count(*) from {mart}".encode()).fetchone()
        connection.execute("set role bi_reader")
        assert connection.execute(f"select count(*) from {mart}".encode()).fetchone() == (0,)
        connection.execute("reset role")
        assert connection.execute(f"select count(*) from {mart}".encode()).fetchone() == mine
        connection.execute("set row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(f"select count(*) from {mart}".encode())


def test_the_search_is_the_same_whatever_its_reader_has_set(site: Site) -> None:
    query = b"select objet, identifiant from dwh_marts_clients.rechercher('lot', 20)"
    with connect(site.as_login("membre_bi_reader")) as connection:
        found = connection.execute(query).fetchall()
        connection.execute("set standard_conforming_strings = off")
        assert found
        assert connection.execute(query).fetchall() == found


def plan(site: Site, login: str, relation: str, condition: str, costs: str) -> str:
    """Return what explain tells a login of a query, without the value that was asked for."""
    options = f"analyze, costs {costs}, timing off, summary off, buffers off"
    query = f"explain ({options}) select from {relation} where {condition}"
    told = "\n".join(line for (line,) in site.ask(login, query))
    return re.sub(r"= ('[^']*(''[^']*)*'(::\w+)?|-?\d+)\)", "= ?)", told)


def probes(site: Site, relation: str, zone: str) -> Iterator[tuple[str, str, str]]:
    """Yield a column, a condition that holds for hidden rows only, and one that holds for none."""
    nothing = {
        "text": "'nulle part'",
        "date": "'1901-01-01'",
        "integer": "'-77'",
        "bigint": "'-77'",
    }
    columns = site.owner(
        "select attname::text, format_type(atttypid, null) from pg_attribute "
        f"where attrelid = '{relation}'::regclass and attnum > 0 and not attisdropped"
    )
    shown = (
        f"from {relation} where {zone} in (select zone_id from dwh_meta.droits_zones "
        "where login = 'une_zone')"
    )
    for column, kind in columns:
        if kind not in nothing or column == zone:
            continue
        [(hidden,)] = site.owner(
            f"select quote_literal(min({column})) from {relation} where {column} not in "
            f"(select {column} {shown} and {column} is not null)"
        )
        if hidden is None:
            continue
        for condition in (
            "{0} = {1}::{2}",
            "{0} = {1}::{2} and {0} is not null and 1 = (select 1)",
            "{0} = {1}::{2} and (select true) and {0}::text <> (select 'a')",
        ):
            yield (
                column,
                condition.format(column, hidden, kind),
                condition.format(column, nothing[kind], kind),
            )


@pytest.mark.parametrize("relation", sorted(ZONED))
def test_explain_tells_a_reader_nothing_of_other_zones(site: Site, relation: str) -> None:
    """What is counted or not executed is the same whether hidden rows fit or none does.

    So is what is expected, of names.
    """
    is_mart = relation in ZONED_MARTS
    login = "une_zone" if is_mart else "analyste_une_zone"
    execute(site.as_login("proprietaire"), f"analyze {relation}")
    tried = set()
    for column, hidden, absent in probes(site, relation, ZONED[relation]):
        costs = "on" if re.search("raison_sociale|numero", column) else "off"
        told = plan(site, login, relation, hidden, costs)
        if re.search(rf"Index Cond: .*\b{column} = \?", told):
            # What an index without the zone tells, docs/roles.md says.
            assert not is_mart or "Rows Removed" not in told, told
            continue
        assert told == plan(site, login, relation, absent, costs), hidden
        tried.add(column)
    assert tried


def test_the_key_of_a_mart_by_zone_holds_the_zone(site: Site) -> None:
    """Also of one that is so small here that no index serves it."""
    keys = dict(
        site.owner(
            "select indrelid::regclass::text, array_agg(attname::text) from pg_index "
            "join pg_attribute on attrelid = indrelid and attnum = any(indkey) "
            "where indisprimary group by 1"
        )
    )
    assert [mart for mart in sorted(ZONED_MARTS) if ZONED[mart] not in keys[mart]] == []


def test_explain_of_a_key_in_another_zone_counts_no_row(site: Site) -> None:
    for relation in sorted(ZONED_MARTS):
        zone = ZONED[relation]
        row = site.owner(
            f"select {zone}, to_jsonb(t)->>'entreprise_id', to_jsonb(t)->>'premier_jour_mois' "
            f"from {relation} t where {zone} > 0 and {zone} not in "
            "(select zone_id from dwh_meta.droits_zones where login = 'une_zone') limit 1"
        )[0]
        names = (zone, "entreprise_id", "premier_jour_mois")
        condition = " and ".join(
            f"{name} = '{value}'" for name, value in zip(names, row, strict=True) if value
        )
        for off in ("seqscan", "indexscan"):
            with connect(site.as_login("une_zone")) as connection:
                connection.execute(f"set enable_{off} = off".encode())
                told = "\n".join(
                    line
                    for (line,) in connection.execute(
                        f"explain (analyze) select from {relation} where {condition}".encode()
                    )
                )
            if "Seq Scan" not in told:
                assert "Rows Removed" not in told, told


def test_what_a_login_sees_holds_from_its_next_query_on(site: Site) -> None:
    """Also of a query that is prepared and whose plan is kept."""
    mart = "dwh_marts_financier.mart_performance_financiere"
    site.login("prevoyant", "bi_reader", [1])
    [(one,), (everything,)] = site.owner(
        f"select count(*) from {mart} where zone_id = 1 union all select count(*) from {mart}"
    )
    with connect(site.as_login("prevoyant"), autocommit=True) as connection:

        def seen() -> list[int]:
            queries = (f"select count(*) from {mart}", f"select count(*) from {OVERALL[0]}")
            return [
                connection.execute(query.encode(), prepare=True).fetchone()[0]  # type: ignore[index]
                for query in queries
            ]

        totals = site.owner(f"select count(*) from {OVERALL[0]}")[0][0]
        assert [seen() for _ in range(7)][-1] == [one, 0]
        for zones, expected in ((None, [everything, totals]), ([1], [one, 0])):
            site.login("prevoyant", "bi_reader", zones)
            assert seen() == expected
        execute(
            site.as_login("proprietaire"),
            "delete from dwh_meta.droits_zones where login = 'prevoyant'",
        )
        assert seen() == [0, 0]


def test_rights_and_policies_survive_nights_and_full_refreshes(site: Site) -> None:
    def seen() -> dict[str, int]:
        return {name: site.count("deux_zones", name) for name in (*ZONED, *OVERALL)}

    def policies() -> list[tuple[Any, ...]]:
        return site.owner("select polrelid::regclass::text, xmin::text from pg_policy order by 1")

    before, made = seen(), policies()
    # Every mart is written, and who owes something stays the same.
    site.warehouse.change(
        "update factures set montant_total = montant_total + 1 where montant_total > 0 "
        "and not exists (select from paiement_factures where facture_id = factures.id)"
    )
    site.warehouse.run()
    site.warehouse.run(full_refresh=True)
    assert seen() == before
    assert policies() == made, "nothing was written again"


def test_a_table_made_by_a_night_has_its_policy_from_the_start(site: Site) -> None:
    names = ("dwh_facts.fait_collectes", next(iter(ZONED)), OVERALL[1])
    before = {name: site.count("deux_zones", name) for name in names}
    for name in names:
        execute(site.as_login("proprietaire"), f"drop table {name}")
    execute(
        site.as_login("proprietaire"),
        f"revoke all on schema dwh_facts, dwh_dimensions from {', '.join(ROLES)}",
    )
    site.warehouse.run()
    assert {name: site.count("deux_zones", name) for name in names} == before
    transactions = site.owner(
        "select a.xmin = p.xmin from pg_policy p join pg_attribute a on a.attrelid = p.polrelid "
        f"and attnum = 1 where p.polrelid = any('{{{','.join(names)}}}'::regclass[])"
    )
    assert transactions == [(True,)] * len(names)


@pytest.mark.parametrize("role", ROLES)
def test_a_login_has_the_limits_of_its_role(site: Site, role: str) -> None:
    login = f"membre_{role}"
    for setting, value in ROLES[role].settings.items():
        shown = {"60s": "1min"}.get(value, value)
        assert site.ask(login, f"show {setting}") == [(shown,)], setting
    assert site.owner(f"select rolconnlimit from pg_roles where rolname = '{login}'") == [
        (ROLES[role].connections,)
    ]
    assert site.owner(f"select rolcanlogin from pg_roles where rolname = '{role}'") == [(False,)]


def say(server: Server, *statements: str) -> None:
    """Say statements one by one, as a login that has set its read-only default aside."""
    with connect(server, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        for statement in statements:
            connection.execute(statement.encode())


def test_limits_that_a_login_changed_are_put_back(site: Site) -> None:
    site.login("remuant", "bi_reader")
    say(
        site.as_login("remuant"),
        "alter role remuant set statement_timeout = 0",
        "alter role remuant reset default_transaction_read_only",
    )
    assert site.ask("remuant", "show statement_timeout") == [("0",)]
    assert "have them again: remuant." in site.roles()
    assert site.ask("remuant", "show statement_timeout") == [("1min",)]
    assert site.ask("remuant", "show default_transaction_read_only") == [("on",)]
    assert "have them again" not in site.roles()
    say(
        site.as_login("remuant"),
        f"alter role remuant in database {site.administrator.name} set statement_timeout = 0",
    )
    assert "have them again: remuant." in site.roles()
    assert site.ask("remuant", "show statement_timeout") == [("1min",)]
    say(
        site.as_login("remuant"),
        f"alter role remuant in database {site.administrator.name} set work_mem = '1GB'",
    )
    site.login("remuant", "bi_reader")
    assert site.ask("remuant", "show work_mem") != [("1GB",)]


def test_what_fills_the_disk_has_a_limit_that_no_login_lifts(
    site: Site, own_server: EmbeddedServer
) -> None:
    """Temporary files, and the server's log."""
    site.login("gourmand", "bi_reader")
    assert 'TO "proprietaire"' in site.lines[-1]
    consent = site.lines[-1].partition("say ")[2].partition(";")[0]
    execute(site.administrator, consent)
    site.login("gourmand", "bi_reader")
    login = site.as_login("gourmand")
    for attempt in ("set temp_file_limit = -1", "alter role gourmand set temp_file_limit = -1"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            say(login, attempt)
    say(login, "alter role gourmand reset all")
    assert site.ask("gourmand", "show temp_file_limit") == [("256MB",)]
    word = "bavardage de gourmand"
    say(login, f"do $$ begin raise log '{word}'; end $$")
    with pytest.raises(psycopg.errors.UndefinedTable):
        say(login, f'select from "{word}"')
    for path in Path(own_server._home.folder).rglob("*.log"):
        assert word not in path.read_text(errors="replace"), path


@pytest.mark.parametrize("track", ["top", "all"])
def test_no_monitor_reads_the_digest_of_a_password(site: Site, track: str) -> None:
    """Not in the statements that were counted, nor in those of sessions."""
    database = site.administrator.name
    with for_a_while(
        site.administrator,
        f"alter database {database} set pg_stat_statements.track = '{track}'",
        f"alter database {database} reset pg_stat_statements.track",
    ):
        site.login("secret", "bi_reader")
        told = "pg_stat_statements_reset" in "".join(site.lines[-3:])
        digests = (
            "select query from pg_stat_statements where query ~ 'SCRAM-SHA-256\\$' "
            "union all select query from pg_stat_activity where query ~ 'SCRAM-SHA-256\\$'"
        )
        # Only a superuser keeps them from being counted, or removes them: the owner is told.
        assert bool(site.ask("membre_dwh_monitor", digests)) == told == (track == "all")
        administrator = replace(site.warehouse.settings, warehouse=site.administrator)
        create_login(administrator, "discret", "bi_reader", report=site.lines.append)
        create_roles(administrator, report=site.lines.append)
        assert site.ask("membre_dwh_monitor", digests) == []


def test_a_reader_writes_nothing_by_default(site: Site) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        site.ask("membre_bi_reader", "create temporary table a (b int)")


def test_a_login_changes_its_role_and_keeps_its_password(site: Site) -> None:
    site.login("mutant", "dwh_analyst")
    create_login(site.warehouse.settings, "mutant", "bi_reader", report=site.lines.append)
    assert not allowed(site.as_login("mutant"), "select * from dwh_facts.fait_factures")
    assert allowed(site.as_login("mutant"), f"select * from {OVERALL[0]}")


@pytest.mark.parametrize("name", ["proprietaire", "bi_reader", "sigeti"])
def test_a_role_from_elsewhere_is_left_alone(site: Site, name: str) -> None:
    with pytest.raises(UserError, match="Choose another name"):
        create_login(site.warehouse.settings, name, "bi_reader", "autre")


@pytest.mark.parametrize(
    "name", ["", "public", "none", "pg_monitor", "é" * 32, "a\0b", "ligne\nautre", "\udce9"]
)
def test_a_name_that_no_login_can_have_is_refused(site: Site, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a login"):
        site.login(name, "bi_reader")


@pytest.mark.parametrize("zone", [10**30, -2, 2**31])
def test_a_number_that_no_zone_can_have_is_refused(site: Site, zone: int) -> None:
    with pytest.raises(UserError, match="is no zone"):
        site.login("nulle_zone", "bi_reader", [1, zone])
    assert site.owner("select from pg_roles where rolname = 'nulle_zone'") == []


def test_zones_that_are_given_replace_those_before(site: Site) -> None:
    def sees() -> list[tuple[Any, ...]]:
        return site.owner(
            "select zone_id from dwh_meta.droits_zones where login = 'changeant' order by 1"
        )

    for zones, left in ((None, [None]), ([1, 1], [1]), ((), [1]), ([2, 987654], [2, 987654])):
        site.login("changeant", "bi_reader", zones)
        assert sees() == [(zone,) for zone in left]
    assert "no zone 987654" in site.lines[-1]


def test_a_new_login_does_not_inherit_the_zones_of_a_former_one(site: Site) -> None:
    site.login("revenant", "bi_reader", None)
    execute(site.administrator, "drop role revenant")
    with pytest.raises(UserError, match=r"sees all zones(?s:.*)DELETE FROM") as told:
        site.login("revenant", "bi_reader")
    assert len(str(told.value).splitlines()) <= 3
    assert site.owner("select from pg_roles where rolname = 'revenant'") == []
    site.login("revenant", "bi_reader", [1])
    assert site.count("revenant", "dwh_marts_occupation.mart_occupation_zones") == 1


def test_a_role_that_another_granted_does_not_stay_unsaid(site: Site) -> None:
    site.login("double", "bi_reader")
    for through in ("double", "intermediaire"):
        if through == "intermediaire":
            execute(site.administrator, "create role intermediaire; grant intermediaire to double")
        execute(site.administrator, f"grant dwh_analyst to {through}")
        with pytest.raises(UserError, match=f"REVOKE dwh_analyst FROM {through}") as told:
            site.login("double", "bi_reader")
        said = str(told.value)
        execute(site.administrator, said[said.index("REVOKE") : said.index(";")])
        site.login("double", "bi_reader")
    assert not allowed(site.as_login("double"), "select from dwh_facts.fait_factures")


@pytest.mark.parametrize("power", ["LOGIN", "SUPERUSER", "BYPASSRLS", "CREATEROLE"])
def test_a_group_that_may_more_is_not_adopted(site: Site, power: str) -> None:
    given = f"alter role bi_reader {power}", f"alter role bi_reader no{power}"
    with (
        for_a_while(site.administrator, *given),
        pytest.raises(UserError, match=f'ALTER ROLE "bi_reader" NO{power};'),
    ):
        site.roles()


def test_what_a_role_has_beyond_its_own_is_taken_back(site: Site) -> None:
    surplus = {
        "bi_reader": ["select from dwh_facts.fait_factures", f"delete from {OVERALL[0]}"],
        "dwh_analyst": [
            "select email from dwh_dimensions.dim_entreprises",
            "select telephone from dwh_dimensions.dim_entreprises",
            "select email from raw_sigeti.entreprises",
        ],
        "dwh_loader": ["insert into dwh_meta.droits_zones values (session_user, null)"],
    }
    execute(
        site.as_login("proprietaire"),
        "grant usage on schema dwh_facts to bi_reader; "
        "grant usage on schema raw_sigeti to dwh_analyst; "
        f"grant select on dwh_facts.fait_factures to bi_reader; grant delete on {OVERALL[0]} "
        "to bi_reader; grant select (email) on dwh_dimensions.dim_entreprises to dwh_analyst; "
        "grant select on raw_sigeti.entreprises, dwh_dimensions.dim_entreprises to dwh_analyst; "
        "grant insert on dwh_meta.droits_zones to dwh_loader",
    )
    site.roles()
    for role, statements in surplus.items():
        for statement in statements:
            assert not allowed(site.as_login(f"membre_{role}"), statement), statement
    assert allowed(
        site.as_login("membre_dwh_analyst"), f"select {SAFE} from dwh_dimensions.dim_entreprises"
    )


def test_what_belongs_to_others_stops_nothing_and_is_named(site: Site) -> None:
    names = ("dwh_marts_financier.vue_d_ailleurs", "dwh_facts.table_d_ailleurs")
    with for_a_while(
        site.administrator,
        f"create view {names[0]} as select 1 as zone_id; create table {names[1]} (zone_id int)",
        f"drop view {names[0]}; drop table {names[1]}",
    ):
        assert all(f"{name} of sigeti" in site.roles() for name in names)
        execute(site.as_login("proprietaire"), "select dwh_meta.proteger_tout('dwh')")
    assert "belong to others" not in site.roles()


def test_rows_that_tests_found_are_open_once_they_are_kept(site: Site) -> None:
    """Though a failed test keeps the night from publishing; contact details to no monitor."""
    [(name,)] = site.warehouse.rows(
        "select raison_sociale from raw_sigeti.entreprises where id = 2"
    )
    site.warehouse.change("update entreprises set raison_sociale = '' where id = 2")
    with pytest.raises(UserError, match="dwh_qualite"):
        site.warehouse.run(checks=True)
    kept = "dwh_qualite.not_null_stg_entreprises_raison_sociale"
    for role, readable in (
        ("dwh_monitor", ["entreprise_id"]),
        ("dwh_transformer", ["entreprise_id", "email"]),
        ("dwh_analyst", []),
        ("bi_reader", []),
    ):
        member = site.as_login(f"membre_{role}")
        found = [
            column
            for column in ("entreprise_id", "email")
            if allowed(member, f"select {column} from {kept}")
        ]
        assert found == readable, role
    site.warehouse.change("update entreprises set raison_sociale = %s where id = 2", name)
    site.warehouse.run()


def test_a_contact_detail_that_a_test_found_is_none_of_the_monitors(site: Site) -> None:
    """A test that looks at every column keeps what it found in a column named otherwise."""
    [(known,)] = site.warehouse.rows("select email from raw_sigeti.entreprises where id = 2")
    site.warehouse.change("update entreprises set email = 'prÃ©nom@sigeti.example' where id = 2")
    with pytest.raises(UserError, match="dwh_qualite"):
        site.warehouse.run(checks=True)
    kept = "dwh_qualite.no_mojibake_entreprises"
    assert site.ask("membre_dwh_monitor", f"select colonne, cle from {kept}") == [("email", "id 2")]
    assert not allowed(site.as_login("membre_dwh_monitor"), f"select valeur from {kept}")
    assert site.ask("membre_dwh_transformer", f"select valeur from {kept}") == [
        ("prÃ©nom@sigeti.example",)
    ]
    site.warehouse.change("update entreprises set email = %s where id = 2", known)
    site.warehouse.run()


def test_the_planner_knows_no_text_that_identifies(site: Site) -> None:
    """Else explain tells by what it expects which of them other zones have."""
    relations = "fait_attributions|fait_collectes|fait_factures|dim_lots|dim_entreprises|mart_.*"
    for (relation,) in site.owner(
        "select c.oid::regclass::text from pg_class c where relkind = 'r' "
        f"and relname ~ '^({relations})$' "
        "and relnamespace::regnamespace::text ~ '^dwh_(facts|dimensions|marts_.*)$'"
    ):
        execute(site.as_login("proprietaire"), f"analyze {relation}")
    assert (
        site.owner(
            "select tablename, attname from pg_stats "
            "where schemaname ~ '^dwh_(facts|dimensions|marts_.*)$' "
            "and attname in ('raison_sociale', 'reference', 'compte_contribuable', "
            "'numero_facture', 'numero_lot', 'registre_commerce')"
        )
        == []
    )


def test_a_password_is_made_up_and_never_logged(site: Site, own_server: EmbeddedServer) -> None:
    execute(site.administrator, "alter role proprietaire set log_statement = 'all'")
    execute(site.administrator, "alter role proprietaire set log_min_messages = 'debug1'")
    made_up = create_login(
        site.warehouse.settings,
        "rapport d'Abobo",
        "bi_reader",
        zones=None,
        report=site.lines.append,
    )
    execute(site.administrator, "alter role proprietaire reset all")
    assert made_up is not None
    with connect(site.as_login("rapport d'Abobo", made_up)) as connection:
        connection.execute(f"select 1 from {OVERALL[0]}".encode())
    assert not any(made_up in line for line in site.lines)
    logs = [
        path.read_text(errors="replace") for path in Path(own_server._home.folder).rglob("*.log")
    ]
    assert any("SCRAM-SHA-256" in text for text in logs)
    assert not any(made_up in text for text in logs)


def test_the_command_makes_a_login_and_shows_its_password_once(site: Site, tmp_path: Path) -> None:
    def roles(*words: str, **more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "sigeti_dwh", "roles", *words],
            env=os.environ | site.warehouse.settings.environment() | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    state = {"DWH_STATE_DIR": str(tmp_path)}
    code, said = roles("--login", "tableau", "--zones", "all", **state)
    assert code == 0, said
    password = said.splitlines()[-1].split()[-1]
    with connect(site.as_login("tableau", password)) as connection:
        connection.execute(f"select 1 from {OVERALL[0]}".encode())
    code, said = roles("--login", "tableau", **state)
    assert (code, "shown only now" in said) == (0, False)
    code, said = roles("--login", "tableau", DWH_LOGIN_PASSWORD=PASSWORD, **state)
    assert (code, PASSWORD in said) == (0, False)
    assert site.count("tableau", OVERALL[0]) > 0
    code, said = roles(DWH_DB_NAME="nulle_part", **state)
    assert (code, "./run_pipeline.sh" in said) == (1, True)


def test_roles_names_the_logins_that_see_nothing(site: Site) -> None:
    lines: list[str] = []
    create_roles(site.warehouse.settings, report=lines.append)
    assert "none, all were there" in lines[0]
    assert "sans_zone" in lines[-1]
    assert "une_zone" not in lines[-1].replace("sans_zone", "")


def test_a_restored_backup_keeps_rights_rows_and_zones(site: Site, tmp_path: Path) -> None:
    settings = site.warehouse.settings
    saved = back_up(settings, tmp_path, report=site.lines.append)
    restore(settings, saved.path, into="restauree", report=site.lines.append)
    try:
        there = replace(site.as_login("une_zone"), name="restauree")
        for relation in (*sorted(ZONED_MARTS), *OVERALL):
            with connect(there) as connection:
                counted = connection.execute(f"select count(*) from {relation}".encode()).fetchone()
            assert counted == (site.count("une_zone", relation),)
        for statement in ("create temporary table a (b int)", "create schema a"):
            assert not allowed(there, statement), statement
        # What only a superuser may take back is told.
        assert any("roles" in line for line in site.lines[-2:])
    finally:
        execute(at_postgres(site), "drop database restauree with (force)")


def at_postgres(site: Site) -> Server:
    return replace(site.administrator, name="postgres")


def test_what_a_restore_replaces_is_closed_to_readers(site: Site, tmp_path: Path) -> None:
    """By an administrator, who may take back what everybody has in a new database."""
    settings = replace(site.warehouse.settings, warehouse=site.administrator)
    saved = back_up(settings, tmp_path, report=site.lines.append)
    restored = restore(settings, saved.path, force=True, report=site.lines.append)
    assert restored.former is not None
    try:
        for statement in ("select lo_create(0)", "select pg_try_advisory_lock(1)"):
            assert not allowed(site.as_login("membre_bi_reader"), statement), statement
        assert site.count("une_zone", next(iter(ZONED))) > 0
        former = replace(site.as_login("une_zone"), name=restored.former)
        with pytest.raises(UserError, match="CONNECT privilege"), connect(former):
            pass
    finally:
        for statement in (
            f"drop database {restored.name} with (force)",
            f'alter database "{restored.former}" rename to {restored.name}',
            f"grant connect on database {restored.name} to public",
        ):
            execute(at_postgres(site), statement)
