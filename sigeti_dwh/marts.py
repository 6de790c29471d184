"""The published marts, read from Python: notebooks, web applications, checks.

    with Marts() as marts:
        for month in marts.performance(year=2026):
            print(month["mois"], month["montant_facture"])

Every query runs in a read-only transaction of its own, as the login of DWH_READER_USER: without
one as that of DWH_DB_USER, whom no row policy restricts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import sqlalchemy
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sigeti_dwh.areas import AREAS
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.settings import ROOT, Server, load_settings, read_variables
from sigeti_dwh.warehouse.database import refusal
from sigeti_dwh.warehouse.session import pinning_for_readers

Row = dict[str, Any]
MOST_ROWS = 10_000
# SQLSTATEs of what passes by waiting: a server that ends or is full, locks, deadlocks.
PASSING = ("08", "40", "53", "57P", "55P03")
SUMS = (
    "nombre_factures",
    "montant_facture",
    "montant_regle_declare",
    "montant_regle_confirme",
    "montant_restant_du",
    "nombre_factures_soldees",
    "nombre_factures_en_retard",
    "montant_en_retard",
    "montant_non_echu",
    "montant_sans_echeance",
    "montant_solde_sans_paiement",
)


@dataclass(frozen=True)
class Pool:
    """How many connections are kept, and for how long."""

    size: int = 5
    overflow: int = 10
    timeout: float = 30
    """Seconds to wait for a connection when all are in use."""
    recycle: int = 3600
    """Seconds after which a connection is replaced."""
    pre_ping: bool = True
    """Whether a connection is tried before it is used."""


def reader(schema: str | None = None) -> tuple[Server, str]:
    """Return the warehouse as DWH_READER_USER and DWH_READER_PASSWORD see it, and its prefix."""
    settings, variables = load_settings(), read_variables()
    warehouse = settings.warehouse
    if user := variables.get("DWH_READER_USER"):
        password = variables.get("DWH_READER_PASSWORD", "")
        warehouse = replace(warehouse, user=user, password=password, embedded=False)
    return warehouse, schema or settings.schema


class Marts:
    """Pooled, read-only access to the marts of a warehouse; close it, or use it by `with`.

    Its methods return rows as dictionaries, and can be called from several threads. They raise
    UserError for a query that the server refuses, RetryableError when waiting can help. The marts
    of an optional area are an attribute of its name: `marts.boutique.rows("mart_kpi_jour")`.
    """

    def __init__(
        self, server: Server | None = None, *, schema: str | None = None, pool: Pool | None = None
    ) -> None:
        default, self._schema = reader(schema)
        self.server = server or default
        pool = pool or Pool()
        self.engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create(
                "postgresql+psycopg",
                self.server.user,
                self.server.password,
                self.server.host,
                self.server.port,
                self.server.name,
            ),
            pool_size=pool.size,
            max_overflow=pool.overflow,
            pool_timeout=pool.timeout,
            pool_recycle=pool.recycle,
            pool_pre_ping=pool.pre_ping,
            connect_args={
                **self.server.tls,
                "client_encoding": "UTF8",
                "connect_timeout": 10,
                "application_name": "sigeti_dwh marts",
                # Prepared in one session, a statement would be missing in another of a pool's.
                "prepare_threshold": None,
            },
            execution_options={"postgresql_readonly": True},
        )
        sqlalchemy.event.listen(self.engine, "begin", _pin)

    def __enter__(self) -> Self:
        """Return the access itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def __getattr__(self, name: str) -> "AreaMarts":
        """Return the marts of the optional area of that name."""
        if name not in AREAS:
            raise AttributeError(f"Marts has no {name}; optional areas are {', '.join(AREAS)}.")
        return AreaMarts(self, name)

    def close(self) -> None:
        """Close the connections of the pool."""
        self.engine.dispose()

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, limit: int = MOST_ROWS
    ) -> list[Row]:
        """Return at most `limit` rows of one SELECT; parameters are bound where `:name` stands.

        Convert one by cast(:name as date), not by `::`. What writes is refused: another statement,
        a data-modifying WITH, a function that writes.
        """
        _check_limit(limit)
        wrapped = f"select * from (\n{sql.strip().rstrip(';')}\n) as demande limit :_limite"
        return self._rows(wrapped, {**(parameters or {}), "_limite": limit})

    def kpi_summary(self, since: date | None = None, until: date | None = None) -> Row:
        """Return the totals of the months between two days, with rates made of the sums."""
        [summary] = self._rows(
            f"""
            select
                min(premier_jour_mois) as premier_mois,
                max(premier_jour_mois) as dernier_mois,
                sum(nombre_collectes) as nombre_collectes,
                sum(montant_a_recouvrer) as montant_a_recouvrer,
                sum(montant_recouvre) as montant_recouvre,
                round(100 * sum(montant_recouvre) / nullif(sum(montant_a_recouvrer), 0), 2)
                    as taux_recouvrement_pct,
                sum(nombre_demandes) as nombre_demandes,
                sum(demandes_approuvees) as demandes_approuvees,
                round(
                    100.0 * sum(demandes_approuvees)
                    / nullif(sum(demandes_approuvees + demandes_rejetees), 0), 2
                ) as taux_approbation_pct,
                sum(nombre_factures_emises) as nombre_factures_emises,
                sum(montant_facture) as montant_facture,
                sum(montant_regle_declare) as montant_regle_declare,
                sum(montant_regle_confirme) as montant_regle_confirme,
                round(100 * sum(montant_regle_confirme) / nullif(sum(montant_facture), 0), 2)
                    as taux_recouvrement_confirme_pct,
                sum(nombre_paiements) as nombre_paiements,
                sum(montant_encaisse) as montant_encaisse,
                sum(montant_encaisse_confirme) as montant_encaisse_confirme
            from {self._schema}_marts_operationnel.mart_kpi_operationnels
            where premier_jour_mois between coalesce(:since, '-infinity'::date)
                and coalesce(:until, 'infinity'::date)
            """,
            {"since": since, "until": until},
        )
        return summary

    def performance(
        self,
        *,
        year: int | None = None,
        zones: Sequence[int] | None = None,
        by: Sequence[str] = ("annee", "mois"),
    ) -> list[Row]:
        """Return the finances summed by `by`: annee, trimestre, mois, zone, client, secteur."""
        groups = {
            "annee": "annee",
            "trimestre": "trimestre",
            "mois": "mois",
            "zone": "zone_id, nom_zone",
            "client": "entreprise_id, raison_sociale",
            "secteur": "nom_domaine",
        }
        if not by or not groups.keys() >= set(by):
            raise UserError(f"by is {list(by)!r}.\nIt can name {', '.join(groups)}.")
        columns = ", ".join(groups[name] for name in by)
        sums = ", ".join(f"sum({name}) as {name}" for name in SUMS)
        # The same totals in fewer rows, which know no enterprise.
        mart = "mart_performance_financiere" if "client" in by else "mart_performance_zones"
        return self._rows(
            f"""
            select {columns}, {sums},
                round(100 * sum(montant_regle_declare) / nullif(sum(montant_facture), 0), 2)
                    as taux_recouvrement_pct,
                round(100 * sum(montant_regle_confirme) / nullif(sum(montant_facture), 0), 2)
                    as taux_recouvrement_confirme_pct
            from {self._schema}_marts_financier.{mart}
            where (cast(:year as integer) is null or annee = :year)
                and (cast(:zones as integer[]) is null or zone_id = any(:zones))
            group by {columns} order by {columns}
            """,
            {"year": year, "zones": None if zones is None else list(zones)},
        )

    def occupation(self, zones: Sequence[int] | None = None) -> list[Row]:
        """Return the occupation mart, a row per zone."""
        return self._rows(
            f"select * from {self._schema}_marts_occupation.mart_occupation_zones "
            "where cast(:zones as integer[]) is null or zone_id = any(:zones) order by nom_zone",
            {"zones": None if zones is None else list(zones)},
        )

    def portfolio(
        self, *, segment: str | None = None, risk: str | None = None, limit: int = MOST_ROWS
    ) -> list[Row]:
        """Return the enterprises with the largest turnover first."""
        _check_limit(limit)
        return self._rows(
            f"select * from {self._schema}_marts_clients.mart_portefeuille_clients "
            "where (cast(:segment as text) is null or segment_client = :segment) "
            "and (cast(:risk as text) is null or niveau_risque = :risk) "
            "order by chiffre_affaires_total desc, entreprise_id limit :limit",
            {"segment": segment, "risk": risk, "limit": limit},
        )

    def freshness(self) -> list[Row]:
        """Return for each mart when the source was read and when the mart was published."""
        return self._rows(
            f"select * from {self._schema}_marts_operationnel.fraicheur order by mart", {}
        )

    def search(self, text: str, limit: int = 20) -> list[Row]:
        """Return enterprises, zones, parcels and invoices found by part of their name, best first.

        `surligne` is HTML: the escaped name with what was found between <mark> and </mark>.
        """
        _check_limit(limit)
        try:
            return self._rows(
                f"select * from {self._schema}_marts_clients.rechercher(:text, :limit)",
                {"text": text.replace("\0", ""), "limit": limit},
            )
        except UserError as error:
            if "rechercher(" not in str(error) or "does not exist" not in str(error):
                raise
            raise UserError(
                "This warehouse has no search: its server lacks the extension pg_trgm.\n"
                "With it (Debian: postgresql-contrib) the next night makes the search."
            ) from None

    def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Return the rows of a statement, asked again once when the connection was lost."""
        for last in (False, True):
            try:
                with self.engine.connect() as connection:
                    result = connection.execute(sqlalchemy.text(sql), dict(parameters))
                    names = list(result.keys())
                    if twice := sorted({name for name in names if names.count(name) > 1}):
                        raise UserError(
                            f"Two columns are named {', '.join(twice)}.\nName each by `as`."
                        )
                    return [dict(row) for row in result.mappings()]
            except DBAPIError as error:
                if not error.connection_invalidated or last:
                    raise self._said(error) from None
            except PoolTimeoutError:
                raise RetryableError(
                    "All connections of the pool are in use.\nWait, or allow more: Pool(size=...)."
                ) from None
            except (SQLAlchemyError, UnicodeError) as error:
                said = str(error).splitlines()[0]
                raise UserError(f"The query cannot be asked: {said}") from None
        raise AssertionError("unreachable")

    def _said(self, error: DBAPIError) -> UserError:
        said = str(error.orig).strip()
        state = getattr(error.orig, "sqlstate", None)
        if state is None and isinstance(error, OperationalError):
            return refusal(said, self.server)
        what = "could not be asked" if state is None else "was refused"
        kind = RetryableError if (state or "").startswith(PASSING) else UserError
        return kind(f"The query {what}: {said.splitlines()[0]}")


class AreaMarts:
    """The marts of an optional area, by the access of all; `columns` are those of each mart."""

    def __init__(self, marts: Marts, area: str) -> None:
        self._marts = marts
        self._area = area
        contract = ROOT / "models" / "marts" / area / "contracts.json"
        self.columns: dict[str, tuple[str, ...]] = {
            mart: tuple(promised["columns"])
            for mart, promised in json.loads(contract.read_text(encoding="utf-8")).items()
        }

    def rows(self, mart: str, limit: int = MOST_ROWS, **having: Any) -> list[Row]:
        """Return at most `limit` rows of a mart, in the order of its columns from the first on.

        Of these only the rows that have the values given for columns of it, None where it is null.
        """
        _check_limit(limit)
        columns = self.columns.get(mart)
        if columns is None:
            raise UserError(f"{self._area} has no {mart}.\nIt has {', '.join(self.columns)}.")
        if unknown := sorted(having.keys() - set(columns)):
            raise UserError(f"{mart} has no {', '.join(unknown)}.\nIt has {', '.join(columns)}.")
        given = {column: value for column, value in having.items() if value is not None}
        conditions = [f"m.{column} = :{column}" for column in given]
        conditions += [f"m.{column} is null" for column in having if column not in given]
        return self._marts._rows(
            f"select * from {self._marts._schema}_marts_{self._area}.{mart} as m "
            f"where {' and '.join(conditions) or 'true'} order by m limit :_limit",
            {**given, "_limit": limit},
        )

    def freshness(self) -> list[Row]:
        """Return for each mart when the source was read and when the mart was published."""
        return self.rows(f"fraicheur_{self._area}")


def _pin(connection: sqlalchemy.Connection) -> None:
    """Let values come as we read them; all else stays as the login has it."""
    connection.exec_driver_sql(pinning_for_readers())


def _check_limit(limit: int) -> None:
    if not 0 < limit <= 1_000_000:
        raise UserError(f"The limit is {limit}.\nIt can be from 1 to 1000000.")


def frame(rows: Iterable[Row]) -> Any:
    """Return rows as a pandas data frame.

    Raises UserError without pandas, which the warehouse itself does not need.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise UserError("pandas is not installed.\nInstall it: pip install pandas") from None
    return pandas.DataFrame(list(rows))
