"""Up to which change each dbt test has passed, so that a night tests what has changed since."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sigeti_dwh.night.results import NodeResult
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated

WHOLE_EVERY = "6 days 12 hours"
"""A test that has not looked at its whole table for so long does so: once a week, at night."""
MUCH = """
select coalesce(lignes_changees > 0.05 * (
    select sum(greatest(reltuples, 0)) from pg_class
    where relkind = 'r' and relnamespace::regnamespace::text in ('raw_sigeti', 'dwh_suivi')
), false)
from dwh_meta.chargements where fin is not null order by chargement desc limit 1
"""
"""Whether the last load changed so much that looking for it costs more than looking at all.

At 1 M invoices, tests of 1 M changed rows took 5 times the CPU of tests of everything.
"""


class TestProgress:
    """The tests of one build: from which change on each looks, and what became of it."""

    __test__ = False

    def __init__(self, warehouse: Server, *, whole: bool = False) -> None:
        self.warehouse = warehouse
        self.whole = whole
        self.change = 0
        self.limited: set[str] = set()
        self.versions: dict[str, str] = {}

    def limit(self, nodes: Mapping[str, Any], tests: Collection[str]) -> None:
        """Tell each test's node from which change on it looks (macro tested_change).

        A test that did not pass last time, that is new, or that has not seen its whole table for a
        week, looks at everything; so do all after much has changed. What is written while the
        tests run is tested again next time.
        """
        with translated(self.warehouse), connect(self.warehouse, unlimited=True) as connection:
            self.change = meta.last_change(connection)
            passed = connection.execute(
                "select test, empreinte, changement from dwh_meta.essais "
                "where entier_le between current_timestamp - %s::interval and current_timestamp",
                [WHOLE_EVERY],
            ).fetchall()
            whole = self.whole or connection.execute(MUCH).fetchone() == (True,)
        self.versions = {test: nodes[test].checksum.checksum for test in tests}
        self.limited = set()
        for test in tests:
            nodes[test].config.meta.pop("tested_change", None)
        for test, version, change in passed:
            if not whole and self.versions.get(test) == version:
                nodes[test].config.meta["tested_change"] = change
                self.limited.add(test)

    def record(self, results: Iterable[NodeResult]) -> None:
        """Remember which tests passed, and forget the progress of those that did not."""
        tests = [result for result in results if result.resource_type == "test"]
        passed = [test.unique_id for test in tests if test.status == "pass"]
        others = [test.unique_id for test in tests if test.status != "pass"]
        with translated(self.warehouse), connect(self.warehouse, unlimited=True) as connection:
            connection.execute("delete from dwh_meta.essais where test = any(%s)", [others])
            connection.cursor().executemany(
                "insert into dwh_meta.essais (test, empreinte, changement, entier_le) "
                "values (%(test)s, %(version)s, %(change)s, current_timestamp) "
                "on conflict (test) do update set empreinte = excluded.empreinte, "
                "changement = excluded.changement, "
                "entier_le = case when %(limited)s then essais.entier_le "
                "else excluded.entier_le end "
                "where essais.changement <> excluded.changement or not %(limited)s",
                [
                    {
                        "test": test,
                        "version": self.versions[test],
                        "change": self.change,
                        "limited": test in self.limited,
                    }
                    for test in passed
                ],
            )
