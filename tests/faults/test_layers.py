"""Faults layer by layer. FAULTS=1 ./run_tests.sh -k each_layer injects each kill in each."""

import re

import pytest

from ..python.receiver import Receiver
from ..python.source_rows import at_source
from .faults import FAULTS
from .installation import Installation
from .nights import (
    STOPS,
    by_command,
    check_end,
    check_warehouse,
    next_night,
    readers,
    stopped,
)


@by_command
@pytest.mark.parametrize("layer", STOPS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_each_layer(
    installation: Installation, name: str, layer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = FAULTS[name]
    installation.warehouse.advance(1)
    with readers(installation) as reader, installation.night() as night:
        with stopped(installation, night, layer):
            reader.may_lose_connection = fault.server_goes_down
            fault.inject(installation, night)
        code = check_end(installation, night)
        next_night(installation, reader)
    last = (night.messages or night.output).splitlines()[-1]
    with capsys.disabled():
        print(f"\n{name} in {layer}: exit code {code}, {last}", end="")


WRONG_NAME = "Raison sociale interdite"
# A test of each layer that finds an enterprise of that name.
TESTS = {
    "staging": "select * from {{ ref('stg_entreprises') }} where raison_sociale = '%s'",
    "snapshots": (
        "select * from {{ ref('snap_entreprises') }} "
        "where dbt_valid_to is null and raison_sociale = '%s'"
    ),
    "dimensions": (
        "select * from {{ ref('dim_entreprises') }} where is_current and raison_sociale = '%s'"
    ),
    "facts": (
        "select faits.* from {{ ref('fait_factures') }} as faits "
        "inner join {{ ref('dim_entreprises') }} as dim using (entreprise_key) "
        "where dim.entreprise_id in (select entreprise_id from {{ ref('dim_entreprises') }} "
        "where raison_sociale = '%s')"
    ),
    "marts": "select * from {{ ref('mart_portefeuille_clients') }} where raison_sociale = '%s'",
}


@by_command
def test_a_failed_test_in_each_layer_is_told_and_taken_up(
    installation: Installation, receiver: Receiver
) -> None:
    """One wrong name at the source, found by a test of each layer; one test at a time is put right.

    At the end the marts' test finds it: the source is corrected.
    """
    installation.warehouse.advance(1)
    name = "update entreprises set raison_sociale = %s, date_modification = now() where id = %s"
    [(client, right)] = at_source(
        installation.warehouse,
        "select id, raison_sociale from entreprises where id in "
        "(select entreprise_id from factures where coalesce(is_deleted, false) = false) "
        "order by id limit 1",
    )
    tests = {layer: installation.folder / f"tests/dbt/no_{layer}.sql" for layer in TESTS}
    for layer, query in TESTS.items():
        tests[layer].write_text(query % WRONG_NAME, encoding="utf-8")
    installation.warehouse.change(name, WRONG_NAME, client)
    with readers(installation):
        before = installation.marts()
        options: tuple[str, ...] = ()
        for layer, test in tests.items():
            for _ in range(2 if layer == "staging" else 1):
                with installation.night(*options) as night:
                    assert check_end(installation, night) == 1, night.output
            said = night.messages.splitlines()[0]
            assert f"{layer}: the test {test.stem} of" in said
            [(rows, table)] = re.findall(r"(\d+) rows? found .* kept in (\S+)", said)
            kept = installation.warehouse.rows(f"select count(*) from {table}")
            assert kept == [(int(rows),)] and kept > [(0,)]
            assert installation.marts() == before
            test.unlink()
            options = ("--from-failure",)
        tests["marts"].write_text(TESTS["marts"] % WRONG_NAME, encoding="utf-8")
        installation.warehouse.change(name, right, client)
        with installation.night() as night:
            assert check_end(installation, night) == 0, night.messages
    tests["marts"].unlink()
    failed = "SIGETI DWH: the night failed"
    assert receiver.titles[: len(TESTS)] == [failed] * len(TESTS)
    assert receiver.titles[len(TESTS) :] == ["SIGETI DWH: right again"]
    check_warehouse(installation)
