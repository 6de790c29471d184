"""What Python reads of the marts, what it finds, and that it can write nothing."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.marts import Marts, Pool, frame
from sigeti_dwh.warehouse.database import connect

from .readers import Site, execute


@pytest.fixture(scope="module")
def marts(site: Site) -> Iterator[Marts]:
    """Read all zones."""
    with Marts(site.as_login("membre_bi_reader"), schema="dwh") as opened:
        yield opened


@pytest.fixture(scope="module")
def almighty(site: Site) -> Iterator[Marts]:
    """Read as a superuser, whom no right stops."""
    with Marts(replace(site.administrator), schema="dwh") as opened:
        yield opened


def test_summaries_are_the_sums_of_the_marts(site: Site, marts: Marts) -> None:
    [(invoiced, cashed)] = site.owner(
        "select sum(montant_facture), sum(montant_encaisse) "
        "from dwh_marts_operationnel.mart_kpi_operationnels"
    )
    summary = marts.kpi_summary()
    assert (summary["montant_facture"], summary["montant_encaisse"]) == (invoiced, cashed)
    months = marts.performance()
    assert sum(month["montant_facture"] for month in months) == invoiced
    year = months[-1]["annee"]
    of_year = marts.performance(year=year, by=["zone", "secteur"])
    assert sum(group["montant_facture"] for group in of_year) == sum(
        month["montant_facture"] for month in months if month["annee"] == year
    )
    by_zone = {group["zone_id"]: group for group in marts.performance(by=["zone"])}
    zone = max(by_zone)
    assert marts.performance(by=["zone"], zones=[zone]) == [by_zone[zone]]
    since = summary["dernier_mois"]
    assert marts.kpi_summary(since=since)["premier_mois"] == since


def test_marts_are_read_row_by_row(site: Site, marts: Marts) -> None:
    assert len(marts.occupation()) == site.count(
        "membre_bi_reader", "dwh_marts_occupation.mart_occupation_zones"
    )
    [zone] = marts.occupation([1])
    assert zone["zone_id"] == 1
    clients = marts.portfolio(limit=3)
    turnovers = [client["chiffre_affaires_total"] for client in clients]
    assert len(turnovers) == 3
    assert turnovers == sorted(turnovers, reverse=True)
    risk = clients[0]["niveau_risque"]
    assert {client["niveau_risque"] for client in marts.portfolio(risk=risk)} == {risk}
    assert {mart["mart"] for mart in marts.freshness()} >= {"mart_kpi_operationnels"}


def test_a_free_query_binds_its_parameters_and_is_limited(marts: Marts) -> None:
    hostile = "'; drop table x; -- é"
    assert marts.query("select :text as text;", {"text": hostile}) == [{"text": hostile}]
    assert len(marts.query("select * from generate_series(1, 50) -- note", limit=7)) == 7
    with pytest.raises(UserError, match="limit"):
        marts.query("select 1", limit=0)
    with pytest.raises(UserError, match="zone_inconnue"):
        marts.query("select zone_inconnue")
    with pytest.raises(UserError, match="'b'"):
        marts.query("select :b")
    with pytest.raises(UserError, match="Two columns are named n"):
        marts.query("select 1 as n, 2 as n")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("select :text as n", "\0"),
        ("select :text as n", "\ud800"),
        ("select 'infinity'::date as n where :text <> ''", "é"),
    ],
)
def test_what_cannot_be_sent_or_read_is_no_lost_connection(
    marts: Marts, query: str, text: str
) -> None:
    with pytest.raises(UserError, match=r"The query (could not|cannot) be asked") as raised:
        marts.query(query, {"text": text})
    assert not isinstance(raised.value, RetryableError)


def test_what_passes_by_waiting_is_told_apart(site: Site, marts: Marts) -> None:
    execute(
        site.administrator,
        "create function public.en_conflit() returns int language plpgsql "
        "as $$ begin raise sqlstate '40001'; end $$",
    )
    with pytest.raises(RetryableError, match="The query was refused"):
        marts.query("select public.en_conflit()")


WRITES = [
    "delete from dwh_facts.fait_factures",
    "select 1; delete from dwh_facts.fait_factures",
    "select 1) as demande; delete from dwh_facts.fait_factures; select * from (select 1",
    "select 1) as demande; commit; delete from dwh_facts.fait_factures; select * from (select 1",
    "with gone as (delete from dwh_facts.fait_factures returning 1) select * from gone",
    "select write_something()",
    "select set_config('transaction_read_only', 'off', false)::text || write_something()",
    "select nextval('dwh_meta.changements_numero_seq')",
    "select lo_create(0)",
]


@pytest.mark.parametrize("query", WRITES)
def test_no_query_writes_even_as_a_superuser(site: Site, almighty: Marts, query: str) -> None:
    execute(
        site.administrator,
        "create or replace function write_something() returns text language sql "
        "as 'delete from dwh_facts.fait_factures returning statut'",
    )
    before = site.owner("select count(*) from dwh_facts.fait_factures")
    with pytest.raises(UserError):
        almighty.query(query)
    assert site.owner("select count(*) from dwh_facts.fait_factures") == before
    assert almighty.query("select current_setting('transaction_read_only') as r") == [{"r": "on"}]


@pytest.mark.parametrize("pre_ping", [True, False])
def test_a_lost_connection_is_opened_again(site: Site, pre_ping: bool) -> None:
    pool = Pool(pre_ping=pre_ping)
    with Marts(site.as_login("membre_bi_reader"), schema="dwh", pool=pool) as marts:
        [first] = marts.query("select pg_backend_pid() as pid")
        execute(site.administrator, f"select pg_terminate_backend({first['pid']}, 5000)")
        [second] = marts.query("select pg_backend_pid() as pid")
        assert first != second


def test_the_pool_serves_many_threads_and_says_when_it_cannot(site: Site) -> None:
    server = site.as_login("membre_bi_reader")
    with Marts(server, schema="dwh") as marts, ThreadPoolExecutor(15) as threads:
        meet = threading.Barrier(15)

        def ask(number: int) -> int:
            with marts.engine.connect():
                meet.wait(300)
            return int(marts.query("select cast(:n as integer) as n", {"n": number})[0]["n"])

        assert list(threads.map(ask, range(15))) == list(range(15))
    small = Pool(size=1, overflow=0, timeout=0.1)
    with (
        Marts(server, schema="dwh", pool=small) as marts,
        marts.engine.connect(),
        pytest.raises(RetryableError, match="Pool"),
    ):
        marts.freshness()


def test_a_wrong_password_is_told_as_everywhere(site: Site) -> None:
    with (
        Marts(site.as_login("membre_bi_reader", "faux"), schema="dwh") as marts,
        pytest.raises(UserError, match="password is refused"),
    ):
        marts.freshness()


def test_a_frame_needs_pandas(marts: Marts) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not in the lock")
    assert isinstance(frame(marts.freshness()), pandas.DataFrame)


@pytest.fixture
def renamed(site: Site) -> Iterator[None]:
    """Give an enterprise a name with all that is hard to find, while the test lasts."""
    ((former,),) = site.warehouse.rows(
        "select raison_sociale from dwh_marts_clients.mart_portefeuille_clients "
        "where entreprise_id = 1"
    )
    rename = (
        "update dwh_marts_clients.mart_portefeuille_clients set raison_sociale = '{}' "
        "where entreprise_id = 1"
    )
    owner = site.as_login("proprietaire")
    execute(owner, rename.format("Câbleries Œcuménique <Ébrié> & Fils"))
    yield
    execute(owner, rename.format(former.replace("'", "''")))


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("wanted", ["whole", "accents", "part", "typo", "words", "case"])
def test_an_enterprise_is_found_by_what_people_type(marts: Marts, wanted: str) -> None:
    text = {
        "whole": "Câbleries Œcuménique <Ébrié> & Fils",
        "accents": "oecumenique ebrie",
        "part": "cumeniq",
        "typo": "oecumenikue",
        "words": "ebrie cablerie",
        "case": "CÂBLERIES OECU",
    }[wanted]
    first = marts.search(text)[0]
    assert (first["objet"], first["identifiant"]) == ("entreprise", 1)
    assert "&lt;" in first["surligne"] and "&amp;" in first["surligne"]
    assert "<mark>" in first["surligne"]
    plain = first["surligne"].replace("<mark>", "").replace("</mark>", "")
    assert plain == "Câbleries Œcuménique &lt;Ébrié&gt; &amp; Fils"


def test_parcels_zones_and_invoices_are_found_by_part_of_them(site: Site, marts: Marts) -> None:
    [(invoice, number)] = site.owner(
        "select facture_id, numero_facture from dwh_facts.fait_factures order by 1 desc limit 1"
    )
    found = marts.search(number[4:])
    assert (found[0]["objet"], found[0]["identifiant"]) == ("facture", invoice)
    [(parcel, number)] = site.owner(
        "select lot_id, numero_lot from dwh_dimensions.dim_lots "
        "where is_current and numero_lot is not null order by 1 desc limit 1"
    )
    assert ("lot", parcel) in {(hit["objet"], hit["identifiant"]) for hit in marts.search(number)}
    [(zone, name)] = site.owner(
        "select zone_id, nom_zone from dwh_marts_occupation.mart_occupation_zones where zone_id = 1"
    )
    assert ("zone", zone) in {(hit["objet"], hit["identifiant"]) for hit in marts.search(name[-6:])}


@pytest.mark.parametrize("text", ["", " ", "%", "_", "\\", "'", "a" * 5000, "\0", "&|!", "zzzzqqq"])
def test_text_that_says_nothing_finds_nothing(marts: Marts, text: str) -> None:
    assert marts.search(text) == []


def test_a_search_finds_what_its_reader_sees(site: Site, marts: Marts) -> None:
    with Marts(site.as_login("sans_zone"), schema="dwh") as blind:
        assert blind.search("zone") == blind.search("FAC") == []
    [(zone,)] = site.owner("select zone_id from dwh_meta.droits_zones where login = 'une_zone'")
    mine = {
        "zone": f"select {zone}",
        "facture": f"select facture_id from dwh_facts.fait_factures where zone_key = {zone}",
        "lot": f"select lot_id from dwh_dimensions.dim_lots where is_current and zone_id = {zone}",
        "entreprise": "select entreprise_id from dwh_facts.fait_factures "
        f"where zone_key = {zone} union select entreprise_id from dwh_facts.fait_attributions "
        f"where zone_key = {zone} union select entreprise_id from dwh_dimensions.dim_lots "
        f"where is_current and zone_id = {zone}",
    }
    ids = {
        kind: {identifier for (identifier,) in site.owner(query)} for kind, query in mine.items()
    }
    with Marts(site.as_login("une_zone"), schema="dwh") as reader:
        for text, kind in (
            ("FAC", "facture"),
            ("LOT", "lot"),
            ("zone", "zone"),
            ("de", "entreprise"),
        ):
            found = {(hit["objet"], hit["identifiant"]) for hit in reader.search(text, 200)}
            assert {identifier for what, identifier in found if what == kind}, kind
            assert all(identifier in ids[what] for what, identifier in found), kind
            everything = {(hit["objet"], hit["identifiant"]) for hit in marts.search(text, 200)}
            assert {what for what, _ in found} <= {what for what, _ in everything}


def test_a_search_uses_its_indexes(site: Site) -> None:
    """The function keeps the planner from reading whole tables where an index can serve."""
    [(invoice, parcel)] = site.owner(
        "select (select max(numero_facture) from dwh_marts_clients.mart_factures_clients), "
        "(select max(numero_lot) from dwh_dimensions.dim_lots where is_current and lot_id > 0)"
    )
    for login in ("membre_bi_reader", "une_zone"):
        for index, text in {
            "marts_clients.recherche_entreprises": "oecumenikue",
            "dimensions.recherche_lots": parcel,
            "marts_clients.recherche_factures": invoice,
        }.items():
            [(oid,)] = site.owner(f"select 'dwh_{index}'::regclass::oid")
            with connect(site.as_login(login), autocommit=True) as connection:
                before = connection.execute("select pg_stat_get_numscans(%s)", [oid]).fetchone()
                connection.execute("select dwh_marts_clients.rechercher(%s)", [text])
                connection.execute("select pg_stat_force_next_flush()")
                after = connection.execute("select pg_stat_get_numscans(%s)", [oid]).fetchone()
            assert before != after, (login, index)


def test_a_search_runs_nothing_that_its_reader_made(site: Site) -> None:
    """Even where the extension is in a schema in which its reader may create."""
    reader = site.as_login("membre_bi_reader")
    [(schema,)] = site.owner(
        "select extnamespace::regnamespace::text from pg_extension where extname = 'pg_trgm'"
    )
    execute(site.administrator, "grant create on schema public to public")
    execute(site.administrator, "alter extension pg_trgm set schema public")
    try:
        site.warehouse.build()
        execute(
            reader,
            "set transaction_read_only = off; create function public.length(text) returns integer "
            "language plpgsql as $$ begin raise exception 'run as %', current_user; end $$",
        )
        with Marts(reader, schema="dwh") as marts:
            assert {hit["objet"] for hit in marts.search("zonne")} >= {"zone"}
    finally:
        execute(
            site.administrator,
            "drop function if exists public.length(text); "
            "revoke create on schema public from public",
        )
        execute(site.administrator, f"alter extension pg_trgm set schema {schema}")
        site.warehouse.build()


def test_the_others_may_not_search(site: Site) -> None:
    with (
        Marts(site.as_login("membre_dwh_loader"), schema="dwh") as loader,
        pytest.raises(UserError, match="permission denied"),
    ):
        loader.search("zone")


def test_nights_work_where_extensions_may_not_be_created(site: Site) -> None:
    execute(
        site.administrator,
        """
        create function refuse() returns event_trigger language plpgsql as
        $$ begin raise insufficient_privilege; end $$;
        create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION')
        execute function refuse();
        drop extension pg_trgm, unaccent cascade;
        drop function dwh_marts_clients.rechercher;
        """,
    )
    with Marts(site.as_login("membre_bi_reader"), schema="dwh") as marts:
        site.warehouse.advance(1)
        site.warehouse.run()
        assert site.warehouse.differences() == []
        with pytest.raises(UserError, match="no search"):
            marts.search("zone")
        execute(site.administrator, "drop event trigger refuse; drop function refuse()")
        site.warehouse.run()
        assert {hit["objet"] for hit in marts.search("zone")} >= {"zone"}
