"""A made-up subscription product: its collections as mongoexport writes them."""

import json
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

Document = dict[str, Any]

FIRST = date(2025, 1, 1)
DAYS = 240
USERS = 150
PRICES = (9, 29, 99)
PROJECT_TYPES = ("site", "application", "api")
OFTEN = (
    "login",
    "project_opened",
    "message_sent",
    "response_received",
    "file_uploaded",
    "deployment_succeeded",
    "deployment_failed",
    "server_error",
    "new_button_clicked",
)
"""The last is a name that nobody has announced."""


def create(folder: Path, *, seed: int) -> None:
    """Write the files of the eight collections; the same seed makes the same."""
    product = _Product(random.Random(seed))
    for _ in range(USERS):
        product.sign_up()
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in product.collections.items():
        with (folder / f"{name}.ndjson").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(document) + "\n" for document in documents)


class _Product:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.last = FIRST + timedelta(days=DAYS - 1)
        self.number = 0
        self.collections: dict[str, list[Document]] = {
            name: []
            for name in (
                "users", "subscriptions", "invoices", "projects", "conversations", "messages",
                "analytics_events", "search_queries",
            )
        }  # fmt: skip

    def sign_up(self) -> None:
        """Let a user come, and do what he does until he leaves or the last day is reached."""
        chance = self.chance
        start = FIRST + timedelta(days=chance.randrange(DAYS - 10))
        days = list(self._active_days(start))
        periods = list(self._periods(start)) if chance.random() < 0.6 else []
        paying = any(
            start <= self.last and (end is None or end > self.last) for start, end, _ in periods
        )
        user = self._add(
            "users",
            created_at=self._time(start),
            last_login=self._time(days[-1]),
            subscription_status="active" if paying else "canceled" if periods else "free",
            deleted=chance.random() < 0.03,
        )
        for begins, ends, amount in periods:
            self._subscribe(user, begins, ends, amount)
        project = self._add(
            "projects",
            user_id=user,
            type=chance.choice(PROJECT_TYPES),
            created_at=self._time(start),
        )
        for day in days:
            self._work(user, project, day)

    def _periods(self, start: date) -> Iterator[tuple[date, date | None, float]]:
        """Yield what a customer pays, from when and until when: one of the lives that there are."""
        chance = self.chance
        begins = start + timedelta(days=chance.randrange(20))
        changes = begins + timedelta(days=chance.randrange(20, 100))
        returns = changes + timedelta(days=chance.randrange(35, 90))
        low, middle, high = PRICES
        lives: dict[str, list[tuple[date, date | None, float]]] = {
            "stays": [(begins, None, middle)],
            "leaves": [(begins, changes, middle)],
            "upgrade": [(begins, changes, low), (changes, None, high)],
            "downgrade": [(begins, changes, high), (changes, None, low)],
            "pause and return": [(begins, changes, middle), (returns, None, middle)],
            "overlap": [(begins, None, low), (changes, returns, middle)],
            "within a month": [(begins.replace(day=2), begins.replace(day=20), middle)],
            "free": [(begins, None, 0)],
        }
        yield from lives[chance.choice(["stays", *lives])]

    def _subscribe(self, user: Document, begins: date, ends: date | None, amount: float) -> None:
        self._add(
            "subscriptions",
            customer_id=user,
            start_date=self._day(begins),
            end_date=None if ends is None else self._day(ends),
            monthly_amount=amount,
            currency="EUR",
        )
        due = begins
        while amount and due <= min(ends or self.last, self.last):
            status = self.chance.choices(("paid", "open", "refunded"), (90, 6, 4))[0]
            self._add(
                "invoices",
                user_id=user,
                amount=amount,
                currency="EUR",
                status=status,
                paid_at=None if status == "open" else self._time(due),
            )
            due += timedelta(days=30)

    def _active_days(self, start: date) -> Iterator[date]:
        stays = self.chance.choice((1, 20, 60, DAYS))
        yield start
        for number in range(1, stays):
            day = start + timedelta(days=number)
            if day <= self.last and self.chance.random() < 0.25:
                yield day

    def _work(self, user: Document, project: Document, day: date) -> None:
        chance = self.chance
        begins = datetime.combine(day, time(chance.randrange(6, 20), chance.randrange(60)))
        session = f"s{self.number}"
        for minute in sorted(chance.sample(range(60), chance.randrange(1, 6))):
            self._add(
                "analytics_events",
                user_id=user,
                name=chance.choice(OFTEN),
                session_id=session,
                timestamp=_moment(begins + timedelta(minutes=minute)),
            )
        if chance.random() < 0.5:
            conversation = self._add(
                "conversations", user_id=user, project_id=project, created_at=_moment(begins)
            )
            for role in ("user", "assistant") * chance.randrange(1, 4):
                self._add(
                    "messages",
                    conversation_id=conversation,
                    role=role,
                    model="m1" if role == "assistant" else None,
                    tokens=chance.randrange(10, 900),
                    created_at=_moment(begins),
                )
        if chance.random() < 0.3:
            self._add(
                "search_queries",
                user_id=user,
                type=chance.choice(("text", "code")),
                results=chance.randrange(50),
                duration_ms=chance.randrange(5, 900),
                created_at=_moment(begins),
            )

    def _add(self, collection: str, **fields: Any) -> Document:
        """Keep a document, and return its identifier."""
        self.number += 1
        identifier = {"$oid": f"{self.number:024x}"}
        self.collections[collection].append({"_id": identifier, **fields})
        return identifier

    def _time(self, day: date) -> Document:
        return _moment(datetime.combine(day, time(self.chance.randrange(24), 30)))

    def _day(self, day: date) -> Document:
        return _moment(datetime.combine(day, time()))


def _moment(moment: datetime) -> Document:
    return {"$date": f"{moment.isoformat()}Z"}
