"""A made-up mail office: the four JSON files of its application."""

import json
import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

Document = dict[str, Any]

DAYS = 240
USERS = 12
TEMPLATES = ("Convocation", "Mise en demeure", "Accusé de réception", "Attestation", "Relance")
CATEGORIES = ("administratif", "juridique", None)
WORKSPACES = 160
RECORDS = 80
STATUSES = (
    "draft",
    "todo",
    "in_progress",
    "review",
    "completed",
    "archived",
    "cancelled",
    "on_hold",
)
"""The last is a word that nobody has announced."""
CLOSED = ("completed", "archived", "cancelled")
STEPS = ("redaction", "validation", "envoi", "archivage")


def create(folder: Path, *, seed: int, until: date | None = None) -> None:
    """Write the four files, of letters of the last months; the same seed and day make the same.

    Texts, names and addresses are in them too, as in a real one's: the load leaves them out.
    """
    office = _Office(random.Random(seed), until or datetime.now(UTC).date())
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in office.collections().items():
        text = json.dumps(documents, indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


class _Office:
    def __init__(self, chance: random.Random, until: date) -> None:
        self.chance = chance
        self.until = until
        self.first = until - timedelta(days=DAYS)

    def collections(self) -> dict[str, list[Document]]:
        """Return the documents of each file."""
        return {
            "users": [self._user(number) for number in range(USERS)],
            "templates": [self._template(number) for number in range(len(TEMPLATES))],
            "signatures": [self._signature(number) for number in range(USERS)],
            "workflow_history": [
                *(self._workspace(number) for number in range(WORKSPACES)),
                *(self._record(number) for number in range(RECORDS)),
            ],
        }

    def _user(self, number: int) -> Document:
        return {
            "id": f"u{number}",
            "name": f"Agent {number}",
            "email": f"agent{number}@exemple.invalid",
            "password_hash": f"{self.chance.getrandbits(128):032x}",
            "role": "admin" if number == 0 else "agent",
            "active": number % 5 > 0,
            "created_at": self._moment(self.first),
        }

    def _template(self, number: int) -> Document:
        return {
            "id": f"t{number}",
            "name": TEMPLATES[number],
            "category": self.chance.choice(CATEGORIES),
            "content": "Madame, Monsieur, ...",
            "usage_count": self.chance.randrange(80),
            "created_at": self._moment(self.first),
        }

    def _signature(self, number: int) -> Document:
        return {
            "id": f"s{number}",
            "user_id": f"u{number}",
            "name": f"Agent {number}",
            "type": self.chance.choice(("text", "image")),
            "is_default": True,
            "created_at": self._moment(self.first),
        }

    def _workspace(self, number: int) -> Document:
        chance = self.chance
        begins, changed = self._days()
        status = chance.choice(STATUSES)
        due = begins + timedelta(days=chance.randrange(5, 90))
        return {
            "id": f"w{number}",
            "user_id": f"u{chance.randrange(USERS)}",
            # One more than there are: it has been removed.
            "template_id": f"t{chance.randrange(len(TEMPLATES) + 1)}",
            "signature_id": chance.choice((f"s{chance.randrange(USERS)}", None)),
            "title": f"Courrier {number}",
            "status": status,
            "priority": chance.choice(("low", "medium", "high", "urgent")),
            "progress": 100 if status in CLOSED else chance.randrange(100),
            "source": chance.choice(("manual", "template", "assistant")),
            "tags": chance.sample(("zone", "loyer", "litige"), chance.randrange(3)),
            "due_date": due.isoformat() if chance.random() < 0.7 else None,
            "created_at": self._moment(begins),
            "updated_at": self._moment(changed),
            # Where it is missing, the last change is when it was closed.
            "completed_at": self._moment(changed)
            if status in CLOSED and chance.random() < 0.8
            else None,
            "messages": [self._message(role, begins) for role in self._talk()],
        }

    def _record(self, number: int) -> Document:
        chance = self.chance
        begins, changed = self._days()
        done = chance.randrange(len(STEPS))
        return {
            "id": f"r{number}",
            "utilisateur_id": f"u{chance.randrange(USERS)}",
            "modele_id": f"t{chance.randrange(len(TEMPLATES))}",
            "etape_actuelle": STEPS[done],
            "statut": chance.choice(("En cours", "en attente", "Terminé", None)),
            "cree_le": self._moment(begins),
            "maj_le": self._moment(changed),
            "valide": done > 0,
            # At times the application writes when, not only that.
            "envoye": self._moment(changed) if done > 1 and chance.random() < 0.5 else done > 1,
            "archive": done > 2,
        }

    def _talk(self) -> tuple[str, ...]:
        return ("user", "assistant") * self.chance.randrange(4)

    def _message(self, role: str, day: date) -> Document:
        text = "Bonjour. " * self.chance.randrange(1, 60)
        return {"role": role, "content": text, "timestamp": self._moment(day)}

    def _days(self) -> tuple[date, date]:
        """Return when a letter begins and when it last changes."""
        begins = self.first + timedelta(days=self.chance.randrange(DAYS))
        return begins, min(begins + timedelta(days=self.chance.randrange(40)), self.until)

    def _moment(self, day: date) -> str:
        at = time(self.chance.randrange(6, 20), self.chance.randrange(60))
        return f"{datetime.combine(day, at).isoformat()}.25Z"
