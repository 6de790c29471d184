"""Mistakes of earlier warehouses on this source, 2, 16 and 17: what the repository itself tells."""

import re
import subprocess
from pathlib import Path

import pytest

from sigeti_dwh.areas import area_of
from sigeti_dwh.night.acceptances import FILE as ACCEPTED
from sigeti_dwh.settings import ROOT

MODELS = sorted((ROOT / "models").rglob("*.sql"))
# Optional areas read other systems, with words of their own.
OF_SIGETI = [path for path in MODELS if area_of(str(path.relative_to(ROOT))) is None]
# What the source's schema knows, from warehouse words that look like statuses.
VOCABULARY = {
    *("EN_COURS", "VALIDE", "REJETE", "DOCUMENTS_REJETES"),
    *("disponible", "occupé"),
    *("En attente", "Payée", "Échoué", "Annulée", "Remboursée"),
    *("recouvree", "partiellement_recouvree", "non_recouvree", "reportee"),
    *("ouverte", "cloturee", "reussi"),
}
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def statements(path: Path) -> str:
    """Return a model's SQL without its comments."""
    return re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Return the text of each file of the repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip(f"not a checkout that git reads: {listed.stderr.strip()}")
    paths = [ROOT / name for name in listed.stdout.split("\n") if name]
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.exists()
    }


@pytest.mark.parametrize("path", OF_SIGETI, ids=lambda path: path.stem)
def test_mistake_02_words_that_do_not_exist(path: Path) -> None:
    compared = re.findall(
        r"statut\w*(?:'\) \}\})? (?:=|in|not in) \(?((?:'[^']+'(?:, )?)+)", statements(path)
    )
    words = {word for group in compared for word in re.findall(r"'([^']+)'", group)}
    assert words <= VOCABULARY


def test_the_check_of_words_sees_the_models_that_compare() -> None:
    found = " ".join(statements(path) for path in MODELS)
    for word in ("VALIDE", "Annulée", "occupé", "cloturee", "recouvree", "reussi"):
        assert f"'{word}'" in found


def test_mistake_16_secrets_and_dumps_in_the_repository(tracked: dict[str, str]) -> None:
    private = re.compile(r"(^|/)(\.env|profiles\.yml)$|\.(dump|backup|pgpass|pem|key|gz|zip)$")
    assert not [name for name in tracked if private.search(name)]
    dumped = re.compile(r"^PGDMP|^-- PostgreSQL database dump|^COPY .* FROM stdin;", re.MULTILINE)
    secret = re.compile(r"_PASSWORD=\w|(?i:password)[\"']?\s*[:=]\s*[\"']\w|PRIVATE KEY--")
    person = re.compile(r"[\w.-]+@(?!example\b|[\w-]+\.example\b)[\w-]+\.[a-z]{2,}")
    for name, text in tracked.items():
        assert not dumped.search(text), name
        assert not person.search(text), name
        # Tests log in with passwords they have just made up.
        assert name.startswith("tests/") or not secret.search(text), name


# Names of dbt's, PostgreSQL's, Iceberg's and pandas' own, beside pg_*.
THEIRS = {
    *("dbt_test__audit", "max_prepared_transactions", "read_csv", "test_type"),
    *("expire_snapshots", "rewrite_data_files"),
}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_mistake_17_names_that_do_not_exist(guide: Path, tracked: dict[str, str]) -> None:
    """Every table, column, setting and file that a guide names is in the code."""
    quoted = re.findall(r"`([^`\n]+)`", guide.read_text(encoding="utf-8"))
    code = [text for name, text in tracked.items() if not re.search(r"^tests/|\.md$", name)]
    tests = re.findall(r"def (test_\w+)", "\n".join(tracked.values()))
    words = {*re.findall(r"\w+", "\n".join([*tracked, *code])), *tests}
    for text in quoted:
        for word in re.findall(r"\b[a-zA-Z]\w*_\w*[a-z0-9]\b", text):
            if word.startswith("pg_") or word in THEIRS:
                continue
            assert {word, word.removeprefix("dwh_")} & words, word
        if re.match(r"(models|macros|snapshots|tests|docs|prefect|sigeti_dwh)/", text):
            # The first acceptance of a warning makes its file.
            assert (ROOT / text).exists() or text == str(ACCEPTED), text


@pytest.mark.parametrize("guide", ["README.md", "CONTRIBUTING.md"])
def test_mistake_17_commands_that_do_not_exist(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / link).exists(), link
    for command in set(re.findall(r"\./(\w+\.sh)", text)):
        assert (ROOT / command).exists(), command
    help_text = subprocess.run(
        [ROOT / "run_pipeline.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for option in set(re.findall(r"run_pipeline\.sh (--[a-z-]+|[a-z-]+)", text)):
        assert re.search(rf"^ +{option}\b", help_text, re.MULTILINE), option
    named = set(re.findall(r"\b(?:dim|fait|pont|mart)_[a-z_]+", text))
    assert named <= {path.stem for path in MODELS}
