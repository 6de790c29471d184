"""Looks in between: a working day of them, and what may be under way when one begins.

LOOKS=72 ./run_tests.sh -k day_of_looks lets so many pass, each ten minutes after the one before.
"""

import os
import random
import resource
import time

import psycopg
import pytest

from sigeti_dwh.warehouse.database import connect

from ..python.source_rows import add
from .installation import Installation
from .nights import readers, stopped, unchanged_marts
from .reader import Reader

NUMBER = int(os.environ.get("LOOKS", "0"))
SEED = int(os.environ.get("FAULTS_SEED", "0"))
INTERVAL = 600
"""Seconds from one look to the next."""
NOTHING = "Nothing changed since"
AT_WORK = "Another run is at work"


def look(installation: Installation) -> str:
    """Let a look pass, and return what it printed."""
    with installation.night("--look") as night:
        assert night.wait() == 0, night.messages
    return night.output


def pay(source: psycopg.Connection, chance: random.Random) -> None:
    """Record a payment of some invoice."""
    source.execute(
        "insert into paiement_factures "
        "(facture_id, montant, statut, date_paiement, created_at, updated_at) "
        "select id, %s, 'en_attente', now(), now(), now() from factures "
        "order by md5(id::text || %s::text) limit 1",
        [chance.randrange(1000, 90000), chance.random()],
    )


@pytest.mark.skipif(NUMBER == 0, reason="LOOKS=72 lets so many pass")
def test_a_day_of_looks(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """No reader meets an error, or marts of two moments."""
    chance = random.Random(SEED)
    installation.warehouse.run()
    look(installation)
    states = {installation.marts()}
    found, ages, seconds = 0, [0.0], []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Reader(installation.warehouse.settings.warehouse) as reader:
        for _ in range(NUMBER):
            arrived = None
            if chance.random() < 0.6:
                with connect(installation.warehouse.settings.source) as source:
                    for _ in range(chance.randrange(1, 20)):
                        pay(source, chance)
                arrived = chance.uniform(0, INTERVAL)
            began = time.monotonic()
            said = look(installation)
            seconds.append(time.monotonic() - began)
            assert (NOTHING in said) == (arrived is None), said
            if arrived is not None:
                found += 1
                ages.append(INTERVAL - arrived + seconds[-1])
            states.add(installation.marts())
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert reader.troubles == []
    assert reader.seen <= states
    assert len(states) == found + 1
    assert installation.warehouse.differences() == []
    cost = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    with capsys.disabled():
        print(
            f"\n{NUMBER} looks, seed {SEED}: {found} found something, {reader.looks} readings, "
            f"0 errors, 0 mixed states; marts at most {max(ages):.0f} s old, the longest look "
            f"{max(seconds):.0f} s; {cost:.0f} CPU s of the client",
            end="",
        )


def test_a_look_leaves_a_long_write_to_the_next_one(installation: Installation) -> None:
    installation.warehouse.run()
    with unchanged_marts(installation):
        look(installation)
        with connect(installation.warehouse.settings.source) as source:
            pay(source, random.Random(1))
            assert NOTHING in look(installation)
    with readers(installation):
        assert NOTHING not in look(installation)
    assert installation.warehouse.differences() == []


def test_a_look_does_nothing_beside_a_night_or_a_longer_look(installation: Installation) -> None:
    look(installation)
    for arguments in ((), ("--look",)):
        add(installation.warehouse, "factures", entreprise_id=1, montant_total=1000)
        with installation.night(*arguments) as first:
            with stopped(installation, first, "facts"):
                before = installation.marts()
                assert AT_WORK in look(installation)
                assert installation.marts() == before
            assert first.wait() == 0, first.messages
    assert installation.warehouse.differences() == []
