"""The area courrier: letters of two shapes in one mart, and nothing of what they say."""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sigeti_dwh.demo import courrier as office
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents.collections import read_collections
from sigeti_dwh.marts import Marts
from sigeti_dwh.night import look
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.settings import ROOT
from sigeti_dwh.warehouse.database import connect

from .area_site import empty_panels, fixtures_of
from .metrics import differing
from .oracle import compare_area
from .warehouse import Warehouse

Document = dict[str, Any]

HISTORY = "workflow_history.json"
PUBLISHED = {
    "draft": "brouillon",
    "todo": "à traiter",
    "en attente": "à traiter",
    "in_progress": "en cours",
    "En cours": "en cours",
    "review": "en validation",
    "completed": "terminé",
    "Terminé": "terminé",
    "archived": "archivé",
    "cancelled": "annulé",
    "low": "basse",
    "medium": "normale",
    "high": "haute",
    "urgent": "urgente",
}
"""What is published for the words of the demo; of others, the word itself."""
TOTALS = {
    "dwh_marts_courrier.mart_dossiers_courrier": {
        "lettres": "sum(nombre_dossiers)",
        "lettres_ouvertes": "sum(nombre_ouverts)",
        "lettres_terminees": "sum(nombre_termines)",
        "lettres_duree_jours": "sum(duree_totale_jours)",
        "lettres_duree_connue": "sum(nombre_duree_connue)",
        "lettres_duree_moyenne": "sum(duree_totale_jours)::numeric / sum(nombre_duree_connue)",
        "lettres_messages": "sum(nombre_messages)",
    },
}


demo, published, site = fixtures_of("courrier", office.create)


def read(folder: Path, name: str = HISTORY) -> list[Document]:
    found: list[Document] = json.loads((folder / name).read_text(encoding="utf-8"))
    return found


def change(site: Warehouse, how: Callable[[list[Document]], object]) -> None:
    """Change the letters of a test."""
    folder = Path(site.areas["courrier"])
    documents = read(folder)
    how(documents)
    (folder / HISTORY).write_text(json.dumps(documents), encoding="utf-8")


def day(document: Document, *names: str) -> date | None:
    found = next((document[name] for name in names if document.get(name)), None)
    return date.fromisoformat(found[:10]) if isinstance(found, str) else None


def reference_day(site: Warehouse) -> date:
    """Return the day against which the marts say what is late."""
    [[found]] = site.rows("select date_reference from dwh_marts_courrier.fraicheur_courrier")
    assert isinstance(found, date)
    return found


def status_of(letter: Document) -> str:
    said = letter.get("status") or letter.get("statut")
    taken = [
        name for name in ("archive", "envoye", "valide") if letter.get(name) not in (None, False)
    ]
    steps = {"archive": "archivé", "envoye": "envoyé", "valide": "validé"}
    return PUBLISHED.get(said, said) if said else steps[taken[0]] if taken else "Inconnu"


def end_of(letter: Document) -> date | None:
    """Return when a letter was closed, None of one that is open."""
    sent = any(letter.get(step) not in (None, False) for step in ("envoye", "archive"))
    if not sent and status_of(letter) not in ("terminé", "archivé", "annulé", "envoyé"):
        return None
    at = day(letter, "completed_at")
    return at or day(letter, "envoye") or day(letter, "updated_at", "maj_le")


def mean(values: list[int]) -> Decimal | None:
    return round(Decimal(sum(values)) / len(values), 2) if values else None


def test_facts_and_marts_are_what_the_documents_say(published: Warehouse) -> None:
    with connect(published.settings.warehouse) as connection:
        assert compare_area(connection, "courrier") == []
    assert published.differences() == []
    assert empty_panels(published, "courrier") == []


def test_metrics_add_up_to_the_marts(published: Warehouse, tmp_path: Path) -> None:
    assert differing(published, tmp_path, TOTALS) == []


def test_the_mart_is_what_brute_force_says(published: Warehouse, demo: Path) -> None:
    today = reference_day(published)
    groups = defaultdict(list)
    for letter in read(demo):
        begun = day(letter, "created_at", "cree_le")
        assert begun
        priority = PUBLISHED[letter["priority"]] if "priority" in letter else "Inconnu"
        key = (begun.replace(day=1), status_of(letter), priority, letter.get("source", "Inconnu"))
        groups[key].append((letter, begun, end_of(letter)))
    expected = []
    for key, letters in groups.items():
        still_open = [letter for letter, _, ended in letters if ended is None]
        late = [one for one in still_open if (day(one, "due_date") or today) < today]
        done = [(ended - begun).days for _, begun, ended in letters if ended]
        done = done if key[1] != "annulé" else []
        messages = [len(letter.get("messages", [])) for letter, _, _ in letters]
        expected.append(
            (
                *key,
                len(letters),
                len(still_open),
                len(still_open) if key[2] == "urgente" else 0,
                len(late),
                len(done),
                mean(done),
                sum(messages),
                mean(messages),
            )
        )
    found = published.rows(
        "select premier_jour_mois, statut, priorite, source_dossier, nombre_dossiers, "
        "nombre_ouverts, nombre_ouverts_urgents, nombre_en_retard, nombre_termines, "
        "duree_moyenne_jours, nombre_messages, messages_par_dossier "
        "from dwh_marts_courrier.mart_dossiers_courrier"
    )
    assert sorted(found) == sorted(expected)
    assert all(sum(row[number] for row in expected) for number in range(4, 9))


def test_nothing_of_what_letters_say_arrives(published: Warehouse, demo: Path) -> None:
    arrived = "".join(
        text
        for one in read_collections("courrier")
        for (text,) in published.rows(f"select document::text from {one.relation}")
    )
    for left_out in ("Agent", "@", "Bonjour", "Madame", "Courrier", "password"):
        assert left_out not in arrived
    lengths = sorted(
        len(message["content"]) for one in read(demo) for message in one.get("messages", [])
    )
    assert lengths == [
        length
        for (length,) in published.rows(
            "select longueur from dwh_facts.fait_messages_courrier order by 1"
        )
    ]
    told = "\n".join(published.lines)
    assert "left out: email, name, password_hash" in told
    total = sum(len(read(demo, path.name)) for path in demo.iterdir())
    assert f"courrier: {total} documents read in all, {total} new, changed or gone" in told


def edges(today: date) -> list[Document]:
    """Return letters made by hand; each id says what is expected of it."""
    before, after = str(today - timedelta(days=1)), str(today + timedelta(days=1))
    made = {"created_at": "2025-01-10T08:00:00.123456", "updated_at": "2025-03-10"}
    return [
        {"id": "late", "status": "open", "priority": "URGENT", "due_date": before, **made},
        {"id": "due today", "status": "to do", "due_date": str(today), **made},
        {"id": "due later", "status": "In-Progress", "due_date": after, **made},
        {"id": "done late", "statut": "Terminé", "termine_le": "2025-01-20", "echeance": before,
         "cree_le": "2025-01-10"},
        {"id": "done, no end said", "status": "done", **made},
        {"id": "reopened", "status": "active", "completed_at": "2025-02-01", **made},
        {"id": "odd word, ended", "status": "lu et approuvé", "completed_at": "2025-01-11", **made},
        {"id": "odd word", "status": "on_hold", **made},
        {"id": "cancelled", "status": "Annulé", "completed_at": "2025-01-12", **made},
        {"id": "sent", "statut": "en cours", "envoye": "2025-01-15T10:00:00+00:00", "valide": True,
         "archive": False, "cree_le": "2025-01-10", "maj_le": "2025-02-10"},
        {"id": "validated", "valide": True, "envoye": None, "cree_le": "2025-01-10"},
        {"id": "bare", "messages": None},
        {"id": "talk", "status": "draft", "user_id": "nobody", "messages": [
            {"role": "user", "contenu": "é" * 3}, {"content": None}], **made},
    ]  # fmt: skip


def test_letters_made_by_hand_have_the_figures_that_were_worked_out(site: Warehouse) -> None:
    """Both shapes, words of two languages, and what is missing; edits equal a full refresh."""
    today = datetime.now(UTC).date()
    change(site, lambda letters: letters.__setitem__(slice(None), edges(today)))
    site.load_area("courrier", accept_loss=True)
    site.build_area("courrier")
    assert dict(
        (row[0], row[1:])
        for row in site.rows(
            "select dossier_id, statut, est_clos, est_termine, duree_jours, etapes_faites, "
            "nombre_messages from dwh_facts.fait_dossiers_courrier"
        )
    ) == {
        "late": ("en cours", False, False, None, 0, 0),
        "due today": ("à traiter", False, False, None, 0, 0),
        "due later": ("en cours", False, False, None, 0, 0),
        "done late": ("terminé", True, True, 10, 0, 0),
        "done, no end said": ("terminé", True, True, 59, 0, 0),
        "reopened": ("en cours", False, False, None, 0, 0),
        "odd word, ended": ("lu et approuvé", True, True, 1, 0, 0),
        "odd word": ("on_hold", False, False, None, 0, 0),
        "cancelled": ("annulé", True, False, None, 0, 0),
        "sent": ("en cours", True, True, 5, 2, 0),
        "validated": ("validé", False, False, None, 1, 0),
        "bare": ("Inconnu", False, False, None, 0, 0),
        "talk": ("brouillon", False, False, None, 0, 2),
    }
    assert site.rows(
        "select sum(nombre_dossiers), sum(nombre_ouverts_urgents), sum(nombre_en_retard), "
        "min(premier_jour_mois) from dwh_marts_courrier.mart_dossiers_courrier"
    ) == [(13, 1, 1, date(1900, 1, 1))]
    assert site.rows(
        "select numero, role_message, longueur, date_key from dwh_facts.fait_messages_courrier"
        " order by 1"
    ) == [(1, "user", 3, -1), (2, "Inconnu", None, -1)]
    assert site.rows(
        "select utilisateur_id from dwh_facts.fait_dossiers_courrier where dossier_id = 'talk'"
    ) == [("Inconnu",)]
    marts = site.content()
    site.build_area("courrier", full_refresh=True)
    assert site.content() == marts


def test_a_message_that_is_no_document_is_named_and_nothing_is_written(site: Warehouse) -> None:
    """A text where messages are expected could be what a letter says."""
    count = "select count(*), max(_changement) from raw_courrier.workflow_history"
    before = site.rows(count)
    change(site, lambda letters: letters[1].update(messages="Bonjour"))
    with pytest.raises(UserError, match=r"workflow_history\.json, document 2: messages is no doc"):
        site.load_area("courrier")
    assert site.rows(count) == before


def test_a_step_of_another_form_keeps_the_marts(site: Warehouse) -> None:
    query = "select * from dwh_marts_courrier.mart_dossiers_courrier order by 1, 2, 3, 4"
    before = site.rows(query)
    change(site, lambda letters: letters[-1].update(envoye="peut-être"))
    site.load_area("courrier")
    with pytest.raises(UserError, match="assert_courrier_documents_are_read"):
        site.build_area("courrier")
    assert site.rows(query) == before


def test_python_reads_the_marts_of_an_area(published: Warehouse) -> None:
    with Marts(published.settings.warehouse, schema="dwh") as marts:
        rows = marts.courrier.rows("mart_dossiers_courrier")
        assert [tuple(row.values()) for row in rows] == published.rows(
            "select * from dwh_marts_courrier.mart_dossiers_courrier order by 1, 2, 3, 4"
        )
        urgent = [row for row in rows if row["priorite"] == "urgente"]
        assert marts.courrier.rows("mart_dossiers_courrier", priorite="urgente") == urgent
        assert marts.courrier.rows("mart_dossiers_courrier", limit=2) == rows[:2]
        assert [row["mart"] for row in marts.courrier.freshness()] == ["mart_dossiers_courrier"]
        with pytest.raises(UserError, match="courrier has no mart_saas_mois"):
            marts.courrier.rows("mart_saas_mois")
        with pytest.raises(UserError, match="mart_dossiers_courrier has no mois"):
            marts.courrier.rows("mart_dossiers_courrier", mois=1)
        with pytest.raises(UserError, match="does not exist"):
            marts.saas.freshness()
        with pytest.raises(AttributeError, match="no courier; optional areas are"):
            marts.courier  # noqa: B018


def test_a_look_says_of_which_load_an_area_is_current(site: Warehouse) -> None:
    """And leaves no trace when it finds a document changed."""
    site.load()
    with RunLog(site.settings, "full_refresh=False select=None") as log:
        log.whole()
        log.leaves(look.code_version(site.settings))
    told = (
        "select chargement, donnees_au, (select max(chargement) from raw_courrier._chargements) "
        "from dwh_marts_courrier.fraicheur_courrier"
    )
    [(load, read_at, _)] = site.rows(told)
    assert look.nothing_changed_since(site.settings) is not None
    [(later_load, later, last)] = site.rows(told)
    assert later_load == last > load and later > read_at
    change(site, lambda letters: letters[0].update(status="done"))
    assert look.nothing_changed_since(site.settings) is None
    assert site.rows(told) == [(later_load, later, last)]


def test_a_moment_of_a_document_is_one_of_the_calendar() -> None:
    text = (ROOT / "macros" / "testing" / "unread_fields.sql").read_text(encoding="utf-8")
    found = re.search(r"macro moment_form.*?(\^.*\$)$", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    for moment in ("2026-02-28", "2026-12-31T23:59:59.123Z", "2026-01-01 00:00:00+00:00"):
        assert re.search(found[1], moment), moment
    for moment in ("2026-13-01", "2026-02-32", "2026-01-01T24:00:00Z", "2026-01-01T10:61:00Z", "x"):
        assert not re.search(found[1], moment), moment
