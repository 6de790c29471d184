"""Changes at the source, by plain SQL."""

from dataclasses import dataclass

from psycopg import sql

from benchmarks.databases import NAME, Connection

INVOICES, ALL = 17, 20

PICK = {
    "recent": "select * from (select {columns} from {table} order by id desc limit {wanted}) t",
    "spread": (
        "select {columns} from ("
        "select *, row_number() over (order by id) as n, count(*) over () as total from {table}"
        ") t where n % greatest(total / nullif({wanted}, 0), 1) = 0 limit {wanted}"
    ),
}

MIX = """
update factures f set montant_total = montant_total + 500, updated_at = now()
from benchmark.picked_factures p where p.id = f.id and p.nature between 0 and 6;

update factures f set
    statut = (case statut when 'En attente' then 'Annulée' else 'En attente' end)
    ::enum_factures_statut,
    updated_at = now()
from benchmark.picked_factures p where p.id = f.id and p.nature between 7 and 8;

update factures f set is_deleted = not is_deleted, deleted_at = null, updated_at = now()
from benchmark.picked_factures p where p.id = f.id and p.nature = 9;

insert into factures (
    numero_facture, date_creation, date_echeance, montant_total, entreprise_id, collecte_id,
    demande_attribution_id, processus_origine, created_at, updated_at
)
select
    'FAC-' || id || '-' || pg_current_xact_id(), now(), now() + interval '30 days', montant_total,
    entreprise_id, collecte_id, demande_attribution_id, processus_origine, now(), now()
from factures inner join benchmark.picked_factures p using (id) where p.nature = 10;

insert into paiement_factures (
    facture_id, montant, date_paiement, mode_paiement, statut, created_at, updated_at
)
select id, round(montant_total / 2), now(), 'Virement', 'Reussi', now(), now()
from factures inner join benchmark.picked_factures p using (id) where p.nature between 11 and 16;

update paiement_factures f set
    statut = case statut when 'Reussi' then 'en_attente' else 'Reussi' end, updated_at = now()
from benchmark.picked_paiement_factures p where p.id = f.id and p.nature between 0 and 1;

delete from paiement_factures f
using benchmark.picked_paiement_factures p where p.id = f.id and p.nature = 2;

-- What this transaction wrote has its number.
create table benchmark.factures as
select id from factures where xmin = pg_current_xact_id()::xid;

create table benchmark.paiement_factures as
select id, facture_id from paiement_factures where xmin = pg_current_xact_id()::xid;

create table benchmark.factures_touchees as
select id as facture_id from benchmark.factures
union select facture_id from benchmark.paiement_factures
union select facture_id from benchmark.picked_paiement_factures;
"""


@dataclass(frozen=True)
class Change:
    """So many changed rows, the newest ones or over all keys."""

    rows: int
    where: str
    """`recent`: the rows of the largest ids; `spread`: rows at equal distances over all ids."""

    def __str__(self) -> str:
        """Name the change as in a table of results."""
        return f"{self.rows:_} {self.where}".replace("_", " ")

    def fits(self, source: Connection) -> bool:
        """Tell whether the source has so many rows to change."""
        row = source.execute("select count(*) from factures").fetchone()
        return row is not None and self.rows * INVOICES // ALL <= row[0]

    def make(self, source: Connection) -> None:
        """Change the rows in one transaction, and keep their keys in schema `benchmark`.

        Of 20 changed rows 7 are invoices of another amount, 2 of another status, 1 deleted or
        restored (softly), 1 new; 6 are new payments, 2 payments confirmed or no longer so, 1 a
        deleted payment.
        """
        invoices = self.rows * INVOICES // ALL
        with source.transaction():
            source.execute("drop schema if exists benchmark cascade; create schema benchmark")
            self._pick(source, "factures", "id", invoices, INVOICES)
            self._pick(
                source, "paiement_factures", "id, facture_id", self.rows - invoices, ALL - INVOICES
            )
            source.execute(MIX)

    def _pick(
        self, source: Connection, table: str, columns: str, wanted: int, natures: int
    ) -> None:
        rows = sql.SQL(PICK[self.where]).format(
            columns=sql.SQL(columns), table=sql.Identifier(table), wanted=sql.Literal(wanted)
        )
        source.execute(
            sql.SQL(
                "create table {} as "
                "select *, row_number() over (order by id) % {} as nature from ({}) picked"
            ).format(sql.Identifier(NAME, f"picked_{table}"), sql.Literal(natures), rows)
        )
