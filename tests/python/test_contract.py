"""What readers of the marts rely on changes only with a new version."""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigeti_dwh.errors import UserError
from sigeti_dwh.readers import catalogue, contract
from sigeti_dwh.readers.contract import breaches, promise, read_contract, read_marts
from sigeti_dwh.settings import ROOT

from .readers import Site

MART = "mart_occupation_zones"


def test_no_published_column_breaks_its_contract() -> None:
    """Keep the column, or raise `version` in the model's meta."""
    assert breaches(read_contract(), promise(read_marts())) == []


def test_contract_and_catalogue_are_those_of_the_descriptions() -> None:
    """Run ./run_pipeline.sh catalogue."""
    assert read_contract() == promise(read_marts())
    assert (ROOT / catalogue.FILE).read_text(encoding="utf-8") == catalogue.page(read_marts())
    overview = (ROOT / catalogue.OVERVIEW).read_text(encoding="utf-8")
    assert overview == catalogue.overview(overview, read_marts())


def test_the_readme_says_what_each_mart_answers() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for mart in read_marts():
        assert f"`dwh_{mart.schema}.{mart.name}`" in text


def test_every_mart_answers_two_questions_and_labels_its_columns() -> None:
    for mart in read_marts():
        assert len(mart.meta["questions"]) == 2, mart.name
        assert all(column.description and column.label for column in mart.columns.values())


def changed(edit: str) -> dict[str, Any]:
    """Return the contract of marts that were changed."""
    now = copy.deepcopy(read_contract())
    columns = now[MART]["columns"]
    if "removed" in edit:
        del columns["nom_zone"]
    if "renamed" in edit:
        columns["zone"] = columns.pop("nom_zone")
    if "retyped" in edit:
        columns["zone_id"] = "text"
    if "added" in edit:
        columns["nouvelle"] = "text"
    if "gone" in edit:
        del now[MART]
    if "version" in edit:
        now[MART]["version"] += 1
    return now


@pytest.mark.parametrize("edit", ["removed", "renamed", "retyped", "gone"])
def test_a_breaking_change_is_named(edit: str) -> None:
    assert MART in " ".join(breaches(read_contract(), changed(edit)))


@pytest.mark.parametrize("edit", ["added", "removed with a new version", "retyped, version raised"])
def test_an_addition_or_a_new_version_is_fine(edit: str) -> None:
    assert breaches(read_contract(), changed(edit)) == []


def test_a_version_does_not_go_back() -> None:
    assert breaches(changed("version"), read_contract())


def test_the_command_refuses_to_write_a_broken_promise(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    (tmp_path / "docs").mkdir()
    path = tmp_path / "models/marts/occupation/_occupation__models.yml"
    description = yaml.safe_load(path.read_text(encoding="utf-8"))
    del description["models"][0]["columns"][3]
    path.write_text(yaml.safe_dump(description, allow_unicode=True), encoding="utf-8")
    with pytest.raises(UserError, match=MART):
        catalogue.write(tmp_path)
    assert not (tmp_path / catalogue.FILE).exists()
    description["models"][0]["config"]["meta"]["version"] = 2
    path.write_text(yaml.safe_dump(description, allow_unicode=True), encoding="utf-8")
    catalogue.write(tmp_path)
    assert contract.read_contract(tmp_path)[MART]["version"] == 2


def test_the_overview_has_a_row_for_each_mart() -> None:
    page = f"Before.\n\n{catalogue.OVERVIEW_HEAD}| gone |\n\nAfter.\n"
    now = catalogue.overview(page, [mart for mart in read_marts() if mart.name == MART])
    row = f"| [{MART}](#!/model/model.sigeti_dwh.{MART}) | `dwh_marts_occupation` |"
    assert now == page.replace("| gone |", row)


def test_what_is_published_is_what_is_promised(site: Site) -> None:
    found: dict[str, dict[str, str]] = {}
    for mart, column, kind in site.owner(
        "select c.relname::text, attname::text, format_type(atttypid, atttypmod) "
        "from pg_attribute join pg_class c on c.oid = attrelid "
        "where relnamespace::regnamespace::text ~ '^dwh_marts_' and relkind = 'r' "
        "and attnum > 0 and not attisdropped"
    ):
        found.setdefault(mart, {})[column] = kind
    assert found == {mart: version["columns"] for mart, version in read_contract().items()}
