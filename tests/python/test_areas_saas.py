"""The area saas: revenue that recurs, retention and cohorts are what its histories say."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigeti_dwh.demo import saas as product
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents.area_load import undo_area
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import ROLES, create_login, create_roles

from .area_site import empty_panels, fixtures_of
from .metrics import differing
from .oracle import compare_area
from .readers import PASSWORD
from .warehouse import Warehouse

Document = dict[str, Any]

MOVEMENTS = ("nouveau", "reactivation", "expansion", "contraction", "churn")
OF_CUSTOMERS = {
    "dwh_dimensions.dim_utilisateurs": "utilisateur_id",
    "dwh_facts.fait_abonnements_mois": "client_id",
    "dwh_facts.fait_evenements": "utilisateur_id",
    "dwh_facts.fait_factures_saas": "utilisateur_id",
    "dwh_facts.fait_messages_saas": "utilisateur_id",
    "dwh_facts.fait_recherches": "utilisateur_id",
}
"""The column of each relation that says whose a row is."""
TOTALS = {
    "dwh_marts_saas.mart_saas_mois": {
        "mrr": "(array_agg(mrr order by premier_jour_mois desc))[1]",
        "mrr_nouveau": "sum(nouveau)",
        "mrr_reactivation": "sum(reactivation)",
        "mrr_expansion": "sum(expansion)",
        "mrr_contraction": "sum(contraction)",
        "mrr_churn": "sum(churn)",
        "paiements_recus": "sum(paiements_recus)",
    },
    "dwh_marts_saas.mart_saas_jour": {
        "nombre_evenements": "sum(evenements)",
        "deploiements_reussis": "sum(deploiements_reussis)",
        "deploiements_finis": "sum(deploiements)",
        "taux_deploiements_reussis": "sum(deploiements_reussis) / sum(deploiements)",
        "nombre_recherches": "sum(recherches)",
    },
    "dwh_marts_saas.mart_engagement": {
        "messages_saas": "sum(messages)",
        "jetons": "sum(jetons)",
    },
}


demo, published, site = fixtures_of("saas", product.create)


def read(folder: Path, collection: str) -> list[Document]:
    """Return the documents of a demo file, identifiers and times as texts."""

    def plain(value: Document) -> Any:
        return value.get("$oid") or value.get("$date") or value

    lines = (folder / f"{collection}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line, object_hook=plain) for line in lines]


def write(folder: Path, **collections: list[Document]) -> None:
    """Write collections, and nothing else, into a folder."""
    shutil.rmtree(folder)
    folder.mkdir()
    for name, documents in collections.items():
        numbered = [{"_id": str(number), **one} for number, one in enumerate(documents)]
        (folder / f"{name}.json").write_text(json.dumps(numbered), encoding="utf-8")


def change(path: Path, how: Callable[[list[Document]], object]) -> None:
    """Change the documents of a demo file."""
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    how(documents)
    path.write_text("".join(f"{json.dumps(one)}\n" for one in documents), encoding="utf-8")


def day(document: Document, field: str) -> date:
    return date.fromisoformat(document[field][:10])


def month(of: date, later: int = 0) -> date:
    """Return the first day of the month that is some months after that of a day."""
    number = 12 * of.year + of.month - 1 + later
    return date(number // 12, number % 12 + 1, 1)


def pct(part: int, whole: int) -> Decimal | None:
    return round(Decimal(100 * part) / whole, 2) if whole else None


def active_days(folder: Path) -> dict[str, set[date]]:
    """Return the days on which each user did something."""
    days = defaultdict(set)
    for event in read(folder, "analytics_events"):
        days[event["user_id"]].add(day(event, "timestamp"))
    return days


def last_day(folder: Path) -> date:
    days = [day(one, "timestamp") for one in read(folder, "analytics_events")]
    days += [day(one, "created_at") for one in read(folder, "search_queries")]
    days += [day(one, "paid_at") for one in read(folder, "invoices") if one["paid_at"]]
    return max(days + [day(one, "created_at") for one in read(folder, "users")])


def paid(subscriptions: Iterable[Document], on: date) -> dict[str, Decimal]:
    """Return what each customer pays on a day."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for one in subscriptions:
        ends = date.fromisoformat(one["end_date"][:10]) if one["end_date"] else date.max
        if day(one, "start_date") <= on < ends and one["monthly_amount"]:
            amounts[one["customer_id"]] += Decimal(str(one["monthly_amount"]))
    return amounts


def movements(
    before: dict[str, Decimal], now: dict[str, Decimal], known: set[str]
) -> list[Decimal]:
    """Return the five movements from one month to the next."""
    sums = dict.fromkeys(MOVEMENTS, Decimal())
    for customer in before.keys() | now.keys():
        was, pays = before.get(customer, Decimal()), now.get(customer, Decimal())
        if not was:
            kind = "reactivation" if customer in known else "nouveau"
        elif not pays:
            kind = "churn"
        else:
            kind = "expansion" if pays > was else "contraction"
        sums[kind] += pays - was
    return list(sums.values())


def test_facts_and_marts_are_what_the_documents_say(published: Warehouse) -> None:
    with connect(published.settings.warehouse) as connection:
        assert compare_area(connection, "saas") == []
    assert published.differences() == []


def test_every_panel_of_its_page_shows_something(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_AREAS", "saas")
    assert empty_panels(published, "saas") == []


def test_metrics_add_up_to_the_marts(published: Warehouse, tmp_path: Path) -> None:
    assert differing(published, tmp_path, TOTALS) == []


def test_revenue_moves_from_month_to_month_as_brute_force_says(
    published: Warehouse, demo: Path
) -> None:
    subscriptions = read(demo, "subscriptions")
    last = last_day(demo)
    expected = []
    before: dict[str, Decimal] = {}
    known: set[str] = set()
    first = month(min(day(one, "start_date") for one in subscriptions))
    while first <= last:
        now = paid(subscriptions, min(month(first, 1) - timedelta(days=1), last))
        moved = movements(before, now, known)
        assert sum(now.values()) == sum(before.values()) + sum(moved)
        expected.append((first, sum(now.values()), *moved))
        known |= now.keys()
        before, first = now, month(first, 1)
    assert all(any(row[kind] for row in expected) for kind in range(2, 7))
    assert (
        published.rows(
            f"select premier_jour_mois, mrr, {', '.join(MOVEMENTS)} "
            "from dwh_marts_saas.mart_saas_mois order by 1"
        )
        == expected
    )


def test_cohorts_are_what_brute_force_says(published: Warehouse, demo: Path) -> None:
    days, last = active_days(demo), last_day(demo)
    cohorts = defaultdict(list)
    for user in read(demo, "users"):
        cohorts[month(day(user, "created_at"))].append(user["_id"])
    expected = []
    for first, users in sorted(cohorts.items()):
        since = 0
        while month(first, since) <= last:
            active = sum(
                any(month(one) == month(first, since) for one in days[user]) for user in users
            )
            expected.append((first, since, len(users), active, pct(active, len(users))))
            since += 1
    found = "select mois_inscription, mois_depuis, taille, actifs, retention_pct"
    assert published.rows(f"{found} from dwh_marts_saas.mart_cohortes order by 1, 2") == expected


def test_active_users_and_retention_are_what_brute_force_says(
    published: Warehouse, demo: Path
) -> None:
    days, last = active_days(demo), last_day(demo)
    signed_up = defaultdict(list)
    for user in read(demo, "users"):
        signed_up[day(user, "created_at")].append(user["_id"])

    def active(since: date, until: date) -> int:
        return sum(any(since <= one <= until for one in of) for of in days.values())

    rows = published.rows(
        "select date_jour, utilisateurs_actifs, utilisateurs_actifs_7_jours, "
        "utilisateurs_actifs_30_jours, inscriptions, retention_j1_pct, retention_j7_pct, "
        "retention_j30_pct, retention_glissante_30_jours_pct "
        "from dwh_marts_saas.mart_saas_jour order by 1"
    )
    assert rows[-1][0] == last
    for at, *found in rows:
        users = signed_up[at]
        exact = [
            pct(sum(at + timedelta(days=n) in days[user] for user in users), len(users))
            if at + timedelta(days=n) <= last
            else None
            for n in (1, 7, 30)
        ]
        later = at + timedelta(days=30)
        rolling = pct(sum(max(days[user]) >= later for user in users), len(users))
        assert found == [
            *(active(at - timedelta(days=n - 1), at) for n in (1, 7, 30)),
            len(users),
            *exact,
            rolling if later <= last else None,
        ], at


def subscribed(
    customer: str, amount: int, start: str, end: str | None = None, currency: str = "EUR"
) -> Document:
    return {
        "customer_id": customer,
        "monthly_amount": amount,
        "start_date": start,
        "end_date": end,
        "currency": currency,
    }


def invoiced(amount: int, paid_at: str | None, status: str = "paid") -> Document:
    return {
        "user_id": "a",
        "amount": amount,
        "currency": "EUR",
        "status": status,
        "paid_at": paid_at,
    }


LIVES = [
    # Begins within a month, then takes the dearer plan.
    subscribed("a", 10, "2025-01-15", "2025-03-10"),
    subscribed("a", 30, "2025-03-10", "2025-06-15"),
    # Begins on the last day of a month, pauses, returns.
    subscribed("b", 20, "2025-01-31", "2025-03-01"),
    subscribed("b", 20, "2025-05-05", "2025-06-15"),
    # Two at once, then one of them.
    subscribed("c", 10, "2025-02-01", "2025-06-15"),
    subscribed("c", 5, "2025-02-10", "2025-04-01"),
    # Comes and goes within a month; never pays; will come.
    subscribed("d", 50, "2025-03-02", "2025-03-20"),
    subscribed("e", 0, "2025-01-01"),
    subscribed("f", 70, "2025-09-01"),
]
PAYMENTS = [
    invoiced(30, "2025-01-20"),
    invoiced(35, "2025-02-20"),
    invoiced(10, "2025-02-21", "refunded"),
    invoiced(45, "2025-03-20"),
    # A credit note.
    invoiced(-20, "2025-03-25"),
    invoiced(99, None, "open"),
]
LAST = [{"user_id": "a", "name": "login", "session_id": "s", "timestamp": "2025-08-10T10:00:00Z"}]


def test_a_history_made_by_hand_has_the_figures_that_were_worked_out(site: Warehouse) -> None:
    """No customer before the first month, none after the last: rates of nothing are empty."""
    write(
        Path(site.areas["saas"]),
        users=[],
        subscriptions=LIVES,
        invoices=PAYMENTS,
        analytics_events=LAST,
    )
    site.load_area("saas", accept_loss=True)
    site.build_area("saas")
    rows = site.rows(
        f"select extract(month from premier_jour_mois), mrr, {', '.join(MOVEMENTS)}, "
        "clients_actifs, arpu, churn_clients_pct, churn_revenu_pct, nrr_pct, ltv, paiements_recus "
        "from dwh_marts_saas.mart_saas_mois order by premier_jour_mois"
    )
    assert [[None if value is None else float(value) for value in row] for row in rows] == [
        [1, 30, 30, 0, 0, 0, 0, 2, 15, None, None, None, None, 30],
        [2, 45, 15, 0, 0, 0, 0, 3, 15, 0, 0, 100, None, 35],
        [3, 45, 0, 0, 20, 0, -20, 2, 22.5, 33.33, 44.44, 100, 67.5, 25],
        [4, 40, 0, 0, 0, -5, 0, 2, 20, 0, 11.11, 88.89, None, 0],
        [5, 60, 0, 20, 0, 0, 0, 3, 20, 0, 0, 100, None, 0],
        [6, 0, 0, 0, 0, 0, -60, 0, None, 100, 100, 0, None, 0],
        [7, 0, 0, 0, 0, 0, 0, 0, None, None, None, None, None, 0],
        [8, 0, 0, 0, 0, 0, 0, 0, None, None, None, None, None, 0],
    ]
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "saas") == []


def test_amounts_of_two_currencies_are_not_added_up(site: Warehouse) -> None:
    before = site.rows("select * from dwh_marts_saas.mart_saas_mois order by 1")
    change(
        Path(site.areas["saas"]) / "subscriptions.ndjson",
        lambda documents: documents[0].update(currency="XOF"),
    )
    site.load_area("saas")
    with pytest.raises(UserError, match="assert_saas_has_one_currency"):
        site.build_area("saas")
    assert site.rows("select * from dwh_marts_saas.mart_saas_mois order by 1") == before


def test_a_moment_of_another_time_zone_keeps_the_marts(site: Warehouse) -> None:
    change(
        Path(site.areas["saas"]) / "analytics_events.ndjson",
        lambda documents: documents[0].update(timestamp="2025-03-01T23:30:00-05:00"),
    )
    site.load_area("saas")
    with pytest.raises(UserError, match="assert_saas_documents_are_read"):
        site.build_area("saas")


def test_a_status_that_changes_is_a_version_and_edits_equal_a_full_refresh(site: Warehouse) -> None:
    folder = Path(site.areas["saas"])
    user = read(folder, "users")[0]["_id"]
    change(
        folder / "users.ndjson",
        lambda documents: (documents[0].update(subscription_status="paused"), documents.pop()),
    )
    change(folder / "analytics_events.ndjson", lambda documents: documents.pop(0))
    change(
        folder / "subscriptions.ndjson",
        lambda documents: documents[0].update(monthly_amount=31),
    )
    site.load_area("saas")
    site.build_area("saas")
    versions = site.rows(
        "select numero_version, statut_abonnement, is_current from dwh_dimensions.dim_utilisateurs "
        f"where utilisateur_id = '{user}' order by 1"
    )
    assert versions[-1][1:] == ("paused", True)
    assert versions[-2][1] != "paused" and not versions[-2][2]
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "saas") == []
    marts = site.content()
    site.build_area("saas", full_refresh=True)
    assert site.content() == marts


def test_nothing_is_left_of_an_area_that_is_undone(site: Warehouse) -> None:
    undo_area(site.settings, "saas")
    assert (
        site.rows(
            "select relname::text from pg_class where relname ~ '(saas|utilisateurs|cohortes)' "
            "and relname !~ '^utilisateurs_lecteurs' "
            "and relnamespace <> 'pg_toast'::regnamespace"
        )
        == []
    )
    site.load_area("saas")
    site.build_area("saas")
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "saas") == []


@dataclass
class Readers:
    """Analysts of a warehouse who see all of it, two customers, or none of them."""

    published: Warehouse
    told: list[str]
    customers: list[str]

    def ask(self, login: str, *statements: str) -> list[tuple[Any, ...]]:
        """Return the rows of the last of some statements, as a login gets them."""
        reader = replace(self.published.settings.warehouse, user=login, password=PASSWORD)
        with connect(reader) as connection:
            for statement in statements[:-1]:
                connection.execute(statement.encode())
            return connection.execute(statements[-1].encode()).fetchall()


@pytest.fixture(scope="module")
def readers(published: Warehouse) -> Iterator[Readers]:
    settings = published.settings
    told: list[str] = []
    create_roles(settings, report=told.append)
    logins: dict[str, Any] = {"voit_tout": None, "deux_clients": (), "du_domaine": ()}
    for login, zones in logins.items():
        create_login(settings, login, "dwh_analyst", PASSWORD, zones, report=told.append)
    customers = [
        customer
        for (customer,) in published.rows(
            "select utilisateur_id from dwh_dimensions.dim_utilisateurs "
            + "".join(
                f"intersect select {column} from {relation} "
                for relation, column in OF_CUSTOMERS.items()
            )
            + "order by 1 limit 2"
        )
    ]
    with connect(settings.warehouse, autocommit=True) as owner:
        for customer in customers:
            owner.execute(
                "insert into dwh_meta.utilisateurs_lecteurs values ('deux_clients', %s)", [customer]
            )
        owner.execute("insert into dwh_meta.droits_domaines values ('du_domaine', 'saas')")
        create_roles(settings, report=told.append)
        yield Readers(published, told, customers)
        owner.execute("delete from dwh_meta.droits_zones")
        owner.execute("delete from dwh_meta.droits_domaines")
        owner.execute("delete from dwh_meta.utilisateurs_lecteurs")
        names = ", ".join([*logins, *ROLES])
        owner.execute(f"drop owned by {names}".encode())
        owner.execute(f"drop role {names}".encode())


@pytest.mark.parametrize("relation", OF_CUSTOMERS)
def test_a_reader_sees_the_rows_of_his_customers_alone(readers: Readers, relation: str) -> None:
    rows = f"select t::text from {relation} t order by 1"
    mine = f"select t::text from {relation} t where {OF_CUSTOMERS[relation]} = any(%s) order by 1"
    seen = readers.ask("deux_clients", rows)
    assert seen == readers.published.rows(mine, readers.customers)
    assert 0 < len(seen) < len(readers.ask("voit_tout", rows))
    assert readers.ask("voit_tout", rows) == readers.published.rows(rows)
    assert readers.ask("du_domaine", rows) == []


def test_totals_of_all_customers_are_for_readers_of_the_area(readers: Readers) -> None:
    for mart in ("mart_saas_jour", "mart_saas_mois", "mart_cohortes", "mart_engagement"):
        counted = f"select count(*) > 0 from dwh_marts_saas.{mart}"
        for login, sees in (("deux_clients", False), ("du_domaine", True), ("voit_tout", True)):
            assert readers.ask(login, counted) == [(sees,)], (login, mart)


def test_no_relation_with_a_customer_is_forgotten(readers: Readers) -> None:
    """A new one is hidden from readers of some customers until rights.sql names it."""
    declared = [
        (relation, column)
        for relation, column in readers.published.rows(
            "select attrelid::regclass::text, attname::text from pg_attribute "
            "join pg_class c on c.oid = attrelid where relkind = 'r' and not attisdropped "
            "and relnamespace::regnamespace::text ~ '^dwh_(dimensions|facts|marts)' "
            "and attname in ('utilisateur_id', 'client_id')"
        )
    ]
    assert dict(declared) == OF_CUSTOMERS


def probes(readers: Readers, relation: str) -> Iterator[tuple[str, str, str]]:
    """Yield a column, a value that only rows of other customers have, and one that none has."""
    mine = f"from {relation} where {OF_CUSTOMERS[relation]} = any(%s)"
    for column, kind in readers.published.rows(
        "select attname::text, typcategory from pg_attribute join pg_type t on t.oid = atttypid "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped and typcategory <> 'B'",
        relation,
    ):
        [(hidden,)] = readers.published.rows(
            f"select max({column}::text) from {relation} where {column} is not null "
            f"and {column} not in (select {column} {mine} and {column} is not null)",
            readers.customers,
        )
        if hidden is not None:
            yield column, hidden, {"S": "nulle part", "N": "-77", "D": "1901-01-01"}[kind]


@pytest.mark.parametrize("relation", OF_CUSTOMERS)
def test_neither_an_error_nor_explain_tells_of_other_customers(
    readers: Readers, relation: str
) -> None:
    """What is counted or not executed is the same whether hidden rows fit or none does."""
    options = "analyze, costs off, timing off, summary off, buffers off"
    tried = set()
    for column, hidden, absent in probes(readers, relation):
        harm = f"select count(*) from {relation} where 1 / ({column}::text <> '{hidden}')::int > 0"
        with pytest.raises(psycopg.errors.DivisionByZero):
            readers.published.rows(harm)
        assert readers.ask("deux_clients", harm)
        for condition in ("{0}::text = '{1}'", "{0} = '{1}'", "{0} = '{1}' and (select true)"):
            told = []
            for value in (hidden, absent):
                query = f"select from {relation} where {condition.format(column, value)}"
                lines = readers.ask("deux_clients", f"explain ({options}) {query}")
                plan = "\n".join(line for (line,) in lines)
                told.append(re.sub(r"= ('[^']*'(::[a-z ]+)?|[\d.]+)\)", "= ?)", plan))
            if f"Index Cond: ({column} = " not in told[0]:
                assert told[0] == told[1], condition
                tried.add(column)
    assert OF_CUSTOMERS[relation] in tried


def test_roles_tells_which_logins_see_customers(readers: Readers) -> None:
    assert (
        "Of optional areas, beside readers of all zones, see: "
        "deux_clients 2 customers of saas; du_domaine the area saas."
    ) in readers.told
    assert not any("see no row" in line and "deux_clients" in line for line in readers.told[-3:])


def test_a_new_login_does_not_inherit_the_customers_of_a_former_one(readers: Readers) -> None:
    settings = readers.published.settings
    with connect(settings.warehouse, autocommit=True) as owner:
        owner.execute("insert into dwh_meta.utilisateurs_lecteurs values ('revenant', 'x')")
        with pytest.raises(UserError, match="a former one still sees 1 customer of saas") as told:
            create_login(settings, "revenant", "dwh_analyst", PASSWORD, None)
        owner.execute(str(told.value).splitlines()[1].removeprefix("Say first: ").encode())
    assert (
        readers.published.rows(
            "select from dwh_meta.utilisateurs_lecteurs where login = 'revenant'"
        )
        == []
    )
