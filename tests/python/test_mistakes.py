"""The mistakes of earlier warehouses on this source that a look at the project itself can rule out.

The others have their tests where the subject is: watermarks and deletes in test_load.py and
test_histories.py, versions and what stands on the marts in test_pipeline.py, failed steps in
test_flow.py, definitions in test_oracle.py and the unit tests of the models.
"""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sigeti_dwh.settings import ROOT

MODELS = sorted((ROOT / "models").rglob("*.sql"))
# What the source's schema knows, from warehouse words that look like statuses.
VOCABULARY = {
    *("EN_COURS", "VALIDE", "REJETE", "DOCUMENTS_REJETES"),
    *("disponible", "occupé"),
    *("En attente", "Payée", "Échoué", "Annulée", "Remboursée"),
    *("recouvree", "partiellement_recouvree", "non_recouvree", "reportee"),
    *("ouverte", "cloturee", "reussi"),
}


def code(path: Path) -> str:
    """Return a model's SQL without its comments."""
    return re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_statuses_are_compared_with_words_of_the_source(path: Path) -> None:
    compared = re.findall(
        r"statut\w*(?:'\) \}\})? (?:=|in|not in) \(?((?:'[^']+'(?:, )?)+)", code(path)
    )
    words = {word for group in compared for word in re.findall(r"'([^']+)'", group)}
    assert words <= VOCABULARY


def test_the_check_of_statuses_sees_the_models_that_compare() -> None:
    found = " ".join(code(path) for path in MODELS)
    for word in ("VALIDE", "Annulée", "occupé", "cloturee", "recouvree", "reussi"):
        assert f"'{word}'" in found


@pytest.mark.parametrize(
    "path", [path for path in MODELS if path.parent.name == "facts"], ids=lambda path: path.stem
)
def test_nothing_in_a_stored_fact_depends_on_the_day_of_the_run(path: Path) -> None:
    assert not re.search(r"current_date|current_timestamp|now\(\)|reference_date", code(path))


def test_no_warehouse_column_has_a_type_of_the_source() -> None:
    document = yaml.safe_load((ROOT / "models/staging/__sources.yml").read_text(encoding="utf-8"))
    types = {
        column["data_type"].split("(")[0]
        for source in document["sources"]
        for table in source["tables"]
        for column in table.get("columns", [])
    }
    assert types <= {
        *("integer", "text", "numeric", "double precision", "boolean", "date", "timestamptz"),
        "jsonb",
    }


def test_no_secret_and_no_dump_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip(f"not a checkout that git reads: {listed.stderr.strip()}")
    files = listed.stdout.split()
    assert not [
        name
        for name in files
        if re.search(r"(^|/)(\.env|profiles\.yml)$|\.(dump|backup|sql\.gz)$", name)
    ]


def test_the_readme_names_only_what_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    models = {path.stem for path in MODELS}
    named = set(re.findall(r"\b(?:dim|fait|pont|mart)_[a-z_]+", text))
    assert named <= models | {"mart_x"}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / link).exists(), link
    for command in set(re.findall(r"\./(\w+\.sh)", text)):
        assert (ROOT / command).exists(), command
    help_text = subprocess.run(
        [ROOT / "run_pipeline.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for option in set(re.findall(r"run_pipeline\.sh (--[a-z-]+|[a-z-]+)", text)):
        assert option in help_text, option
