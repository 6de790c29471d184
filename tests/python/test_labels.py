"""The words of money: what readers are shown as paid is declared, or confirmed, and says which."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sigeti_dwh.dashboards.files import generated
from sigeti_dwh.dashboards.specification import Dashboard, read_specification
from sigeti_dwh.monitor.reconciliation import FRENCH
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.settings import ROOT

SPECIFICATION = read_specification()
PAID = re.compile(
    r"\b(encaissé|encaissement|réglé|recouvré|recouvrement|versé)(e?s?)\b", re.IGNORECASE
)
SAID = re.compile(r"\b(déclaré|confirmé)(e?s?)\b", re.IGNORECASE)
DECLARED = re.compile(
    r"montant_regle_declare|montant_encaisse\b|montant_recouvre\b|recouvrement_pct"
)


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def labels() -> Iterator[tuple[str, str]]:
    """Yield each text that readers are shown, with the place that it comes from."""
    for mart in read_marts():
        yield mart.name, mart.meta["label"]
        for number, question in enumerate(mart.meta["questions"]):
            yield f"{mart.name}.questions.{number}", question
        for name, column in mart.columns.items():
            yield f"{mart.name}.{name}", column.label
            yield f"{mart.name}.{name}.description", column.description
    for metric in read("models/facts/_facts__metrics.yml")["metrics"]:
        yield f"metric {metric['name']}", metric["label"]
    for exposure in read("models/marts/_marts__exposures.yml")["exposures"]:
        yield f"exposure {exposure['name']}", exposure["label"]
    for word, french in FRENCH.items():
        yield f"monitor {word}", french
    for mart in SPECIFICATION.marts.values():
        yield f"dashboards {mart.name}", mart.label
        for measure in mart.measures.values():
            yield f"dashboards {mart.name}.{measure.name}", measure.label
    for dashboard in SPECIFICATION.dashboards:
        yield f"dashboards {dashboard.name}", dashboard.title
        for panel in dashboard.panels:
            yield f"dashboards {dashboard.name}.{panel.name}", panel.title


def unsaid(text: str) -> list[str]:
    """Return the words of money paid in a text that do not say whether declared or confirmed."""
    words = list(PAID.finditer(text))
    ends = [*(word.start() for word in words), len(text)][1:]
    return [
        word[0]
        for word, end in zip(words, ends, strict=True)
        if not SAID.search(text, word.end(), end)
    ]


@pytest.mark.parametrize(
    "text",
    ["Montant réglé (FCFA)", "Encaissé et recouvré déclaré", "Taux de recouvrement", "Réglée"],
)
def test_a_word_without_its_kind_is_found(text: str) -> None:
    assert unsaid(text)


def test_every_label_of_money_paid_says_whether_declared_or_confirmed() -> None:
    assert [(place, text) for place, text in labels() if unsaid(text)] == []


def test_no_generated_page_says_other_words_than_its_source() -> None:
    for name, content in generated(SPECIFICATION).items():
        for title in re.findall(
            r"(?:title|label|displayName|verbose_name|slice_name)\W+(.+)", content
        ):
            assert not unsaid(title), (name, title)


@pytest.mark.parametrize(
    "dashboard", SPECIFICATION.dashboards, ids=lambda dashboard: dashboard.name
)
def test_a_page_that_shows_declared_money_shows_confirmed_money(dashboard: Dashboard) -> None:
    shown = " ".join(
        [measure.sql for panel in dashboard.panels for measure in panel.measures]
        + [column.name for panel in dashboard.panels for column in panel.columns]
    )
    if DECLARED.search(shown):
        assert "confirme" in shown


def test_every_mart_with_declared_money_has_confirmed_money_and_both_rates() -> None:
    for mart in read_marts():
        columns = mart.columns.keys()
        if "montant_regle_declare" in columns:
            assert columns >= {
                "montant_regle_confirme",
                "taux_recouvrement_pct",
                "taux_recouvrement_confirme_pct",
            }, mart.name
        if "montant_encaisse" in columns:
            assert "montant_encaisse_confirme" in columns, mart.name


def test_every_area_of_parcels_has_the_number_of_those_it_leaves_out() -> None:
    for mart in read_marts():
        if any(name.startswith("superficie_") for name in mart.columns):
            assert "lots_sans_superficie" in mart.columns, mart.name
