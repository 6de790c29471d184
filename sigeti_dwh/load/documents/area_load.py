"""The load of an area: all its collections from one state of their source, in one transaction.

raw_<area> has a table a collection: key, document, when and by which change it was last written,
and since when it is gone from the source.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import psycopg
from bson import Decimal128
from psycopg import errors as pg
from psycopg import sql

from sigeti_dwh.areas import source_variable
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents.collections import Collection, read_collections
from sigeti_dwh.load.documents.files import Folder
from sigeti_dwh.load.documents.places import Place, opened
from sigeti_dwh.load.loss import FEWEST
from sigeti_dwh.settings import ROOT, Settings, own_documents
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated
from sigeti_dwh.warehouse.time_limit import limited

Connection = psycopg.Connection[Any]

CREATE_LOADS = """
create schema if not exists {schema};
create table if not exists {schema}._chargements (
    chargement bigint generated always as identity primary key,
    debut timestamptz not null default clock_timestamp(),
    fin timestamptz,
    lignes_lues bigint,
    lignes_changees bigint
)
"""
CREATE = """
create table if not exists {relation} (
    cle text primary key,
    document jsonb not null,
    _version uuid not null,
    _charge_le timestamptz not null default current_timestamp,
    _chargement bigint not null,
    _changement bigint not null,
    _supprime_le timestamptz
);
create index if not exists {index} on {relation} (_changement)
"""
ARRIVING = """
create temporary table arriving (cle text not null, place text not null, document jsonb not null)
on commit drop
"""
NUMBER = """
update arriving a set cle = concat_ws(' | ', a.cle, repeated.number)
from (
    select ctid, row_number() over (partition by cle order by document) as number from arriving
) repeated
where repeated.ctid = a.ctid and repeated.number > 1
"""
TWICE = "select cle, array_agg(place) from arriving group by cle having count(*) > 1 limit 1"
COMPARE = """
create temporary table differing on commit drop as
select
    coalesce(a.cle, r.cle) as cle, a.document, md5(a.document::text)::uuid as version,
    case when r.cle is null or r._supprime_le is not null then 'new'
        when a.cle is null then 'gone' else 'changed' end as what
from arriving a
full join {relation} r using (cle)
where
    case
        when a.cle is null then r._supprime_le is null
        when r.cle is null or r._supprime_le is not null then true
        else r._version <> md5(a.document::text)::uuid
    end
"""
WRITE = """
insert into {relation} as r (cle, document, _version, _chargement, _changement)
select cle, document, version, %(load)s, %(change)s from differing where what <> 'gone'
on conflict (cle) do update set document = excluded.document, _version = excluded._version,
    _charge_le = excluded._charge_le, _chargement = excluded._chargement,
    _changement = excluded._changement, _supprime_le = null
"""
MARK = """
update {relation} r
set _supprime_le = current_timestamp, _chargement = %(load)s, _changement = %(change)s
from differing d where d.cle = r.cle and d.what = 'gone'
"""


@dataclass(frozen=True)
class CollectionLoad:
    """What a load did to one collection, or would do."""

    name: str
    read: int
    new: int
    changed: int
    gone: int
    seconds: float
    left_out: tuple[str, ...] = ()
    """Fields that documents have and that do not arrive."""

    @property
    def written(self) -> int:
        """Return the number of documents that were not as they had been."""
        return self.new + self.changed + self.gone

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.read} documents read, {self.new} new, {self.changed} changed, "
            f"{self.gone} gone in {self.seconds:.1f} s"
            + (f"; left out: {', '.join(self.left_out)}" if self.left_out else "")
        )


def load_area(
    settings: Settings,
    area: str,
    report: Callable[[str], None] = print,
    *,
    accept_loss: bool = False,
    only_unchanged: bool = False,
    dry_run: bool = False,
) -> list[CollectionLoad]:
    """Bring the copies in raw_<area> to the present state of the area's source.

    With `only_unchanged` nothing stays written when something has changed, with `dry_run` never.

    Raises UserError for a document that cannot be read, a collection that is missing or lost more
    than `settings.loss_share` of its documents, unless `accept_loss`; nothing is written then.
    """
    address = settings.areas[area]
    collections = read_collections(area)
    with (
        opened(area, address) as place,
        connect(
            settings.warehouse, application_name=f"sigeti_dwh load {area}", unlimited=True
        ) as warehouse,
        limited("The load", settings.layer_minutes, warehouse),
        translated(settings.warehouse),
    ):
        check_collections(area, address, place, collections)
        places = (place, Folder(own_documents(area)))
        meta.prepare(warehouse)
        schema = sql.Identifier(f"raw_{area}")
        warehouse.execute(sql.SQL(CREATE_LOADS).format(schema=schema))
        row = warehouse.execute(
            sql.SQL("insert into {}._chargements default values returning chargement").format(
                schema
            )
        ).fetchone()
        assert row is not None
        done = []
        for collection in collections:
            copy = _Copy(warehouse, collection, row[0])
            done.append(copy.refresh(places, None if accept_loss else settings.loss_share))
            report(str(done[-1]))
        place.check_unchanged()
        read, differing = sum(one.read for one in done), sum(one.written for one in done)
        report(f"{area}: {read} documents read in all, {differing} new, changed or gone")
        warehouse.execute(
            sql.SQL(
                "update {}._chargements set fin = clock_timestamp(), lignes_lues = %s, "
                "lignes_changees = %s where chargement = %s"
            ).format(schema),
            [read, differing, row[0]],
        )
        if dry_run or (only_unchanged and differing):
            warehouse.rollback()
        else:
            warehouse.commit()
    return done


def undo_area(settings: Settings, area: str) -> list[str]:
    """Drop everything that an area has brought to the warehouse; return what was dropped."""
    with (
        connect(settings.warehouse, application_name=f"sigeti_dwh load {area}") as warehouse,
        translated(settings.warehouse),
    ):
        return meta.forget_area(warehouse, settings.schema, area, models_of(area))


def models_of(area: str) -> list[str]:
    """Return the names of an area's models and snapshots."""
    return [
        path.stem
        for pattern in ("models/*", "snapshots")
        for path in ROOT.glob(f"{pattern}/{area}/*.sql")
    ]


def check_collections(area: str, address: str, place: Place, collections: list[Collection]) -> None:
    """Check that every collection that is needed is there; raise UserError when one is not."""
    missing = [one.name for one in collections if not one.optional and not place.has(one)]
    if missing:
        raise UserError(
            f"{area}: {', '.join(missing)} not found in {address.rpartition('@')[2]}.\n"
            f"A file, collection or table of that name is needed there ({source_variable(area)})."
        )


class _Copy:
    """The copy of one collection in the warehouse, while it is loaded."""

    def __init__(self, warehouse: Connection, collection: Collection, load: int) -> None:
        self.warehouse = warehouse
        self.collection = collection
        self.load = load
        self.left_out: set[str] = set()
        self.relation = sql.Identifier(f"raw_{collection.area}", collection.name)

    def refresh(self, places: Sequence[Place], loss_share: float | None) -> CollectionLoad:
        """Write what differs from the source, and take no change number when nothing does."""
        started = time.monotonic()
        self._execute(CREATE, index=sql.Identifier(f"{self.collection.name}__changement_idx"))
        self.warehouse.execute("drop table if exists arriving, differing")
        self.warehouse.execute(ARRIVING)
        read = self._arrive(places)
        if self.collection.may_repeat:
            self.warehouse.execute(NUMBER)
        twice = self.warehouse.execute(TWICE).fetchone()
        if twice is not None:
            raise UserError(
                f"{self.collection.relation}: two documents have the key {twice[0]}: "
                f"{' and '.join(twice[1][:2])}.\nNothing was changed. Remove one of them."
            )
        self.warehouse.execute("analyze arriving")
        self._execute(COMPARE)
        if self.collection.lasting:
            self.warehouse.execute("delete from differing where what = 'gone'")
        found = dict(
            self.warehouse.execute("select what, count(*) from differing group by what").fetchall()
        )
        new, changed, gone = (found.get(what, 0) for what in ("new", "changed", "gone"))
        if gone and loss_share is not None:
            self._check_loss(read - new + gone, gone, loss_share)
        if new or changed or gone:
            numbers = {
                "load": self.load,
                "change": meta.next_change(self.warehouse, self.collection.relation),
            }
            self._execute(WRITE, numbers)
            self._execute(MARK, numbers)
        if new + changed > read // 10:
            self._execute("analyze {relation}")
        seconds = time.monotonic() - started
        left_out = tuple(sorted(self.left_out))
        return CollectionLoad(self.collection.relation, read, new, changed, gone, seconds, left_out)

    def _arrive(self, places: Sequence[Place]) -> int:
        documents = chain.from_iterable(
            place.read(self.collection) for place in places if place.has(self.collection)
        )
        read = 0
        with self.warehouse.cursor().copy(
            "copy arriving (cle, place, document) from stdin"
        ) as copy:
            for where, document in documents:
                copy.write_row((self._key(where, document), where, self._text(where, document)))
                self.left_out |= document.keys() - self.collection.fields.names
                read += 1
        return read

    def _key(self, where: str, document: dict[str, Any]) -> str:
        values = {field: document.get(field) for field in self.collection.key}
        lacking = [
            field
            for field, value in values.items()
            if value in (None, "") and field not in self.collection.may_be_empty
        ]
        if lacking:
            raise UserError(
                f"{where}: no {', '.join(lacking)}, of the key of {self.collection.name}.\n"
                "Nothing was changed. Give it one, or remove the document."
            )
        given = ("" if value is None else str(value) for value in values.values())
        return " | ".join(given).replace("\x00", "")

    def _text(self, where: str, document: dict[str, Any]) -> str:
        try:
            text = json.dumps(
                self.collection.fields.of(document),
                default=_plain,
                ensure_ascii=False,
                allow_nan=False,
            )
        except (ValueError, TypeError) as error:
            raise UserError(f"{where}: {error}.\nNothing was changed.") from None
        if "\\u0000" in text:
            raise UserError(f"{where}: a text holds a zero byte.\nNothing was changed.")
        return text

    def _check_loss(self, before: int, gone: int, share: float) -> None:
        if before >= FEWEST and gone > share * before:
            raise UserError(
                f"{self.collection.relation} lost {gone} of its {before} documents, more than "
                f"{share:.0%}.\nNothing was changed. If it was meant: "
                "./run_pipeline.sh --accept-loss"
            )

    def _execute(
        self, statement: str, numbers: dict[str, int] | None = None, **parts: sql.Composable
    ) -> None:
        try:
            self.warehouse.execute(
                sql.SQL(statement).format(relation=self.relation, **parts),
                numbers,
            )
        except pg.UndefinedColumn as error:
            raise UserError(
                f"{self.collection.relation} is not as this version makes it: {error}.\n"
                f"./run_pipeline.sh load --undo-area {self.collection.area} drops the area."
            ) from None


def _plain(value: Any) -> Any:
    """Return as JSON what JSON has no type for; identifiers of MongoDB become text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
