"""A made-up shop: its collections as CSV files."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FIRST = date(2025, 1, 1)
DAYS = 120
PRODUCTS = 60
SOURCES = (("moteur", "naturel", ""), ("moteur", "payant", "rentree"), ("lettre", "mail", "soldes"))
SCENARIOS = (
    ("E1", "Photos plus grandes", "view_to_cart", 1.35),
    ("E2", "Paiement en une étape", "cart_to_purchase", 1.0),
    ("E3", "Livraison offerte", "view_to_purchase", 1.2),
)


def create(folder: Path, *, seed: int) -> None:
    """Write the files of the six collections; the same seed makes the same."""
    chance = random.Random(seed)
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    metrics, funnel, traffic = [], [], []
    for day in days:
        views = chance.randrange(9_000, 20_000)
        users = int(views * 0.7)
        carts = int(views * chance.uniform(0.02, 0.03))
        orders = int(carts * chance.uniform(0.28, 0.36))
        revenue = round(orders * chance.uniform(200, 300), 2)
        metrics.append((day, users, users + 300, views, carts, orders, revenue))
        for order, (stage, visitors) in enumerate(
            (("vue", views), ("panier", carts), ("achat", orders)), 1
        ):
            funnel.append((day, stage, order, visitors))
        for part, source in enumerate(SOURCES, 2):
            traffic.append((day, *source, users // part, users // part, orders // part, revenue))
    products = [
        (
            f"P{number:03}",
            f"Article {number}",
            chance.choice(("maison", "jardin", "bureau")),
            (views := chance.randrange(500, 50_000)),
            (sold := int(views * chance.uniform(0.002, 0.02))),
            round(sold * chance.uniform(15, 400), 2),
            round(chance.uniform(2, 5), 1),
        )
        for number in range(1, PRODUCTS + 1)
    ]
    results = []
    for scenario, _, metric, lift in SCENARIOS:
        for day in days[-30:]:
            for variant in ("control", "variant"):
                better = lift if variant == "variant" else 1.0
                views = chance.randrange(9_000, 11_000)
                carts = int(views * 0.026 * (better if metric == "view_to_cart" else 1))
                orders = int(carts * 0.32 * (1 if metric == "view_to_cart" else better))
                results.append(
                    (scenario, day, variant, views // 2, views, carts, orders, orders * 255)
                )
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "daily_metrics.csv",
        "date users sessions views add_to_carts transactions revenue",
        metrics,
    )
    _write(folder / "funnel_stages.csv", "date stage order visitors", funnel)
    _write(
        folder / "traffic_sources.csv",
        "date source medium campaign sessions users conversions revenue",
        traffic,
    )
    _write(
        folder / "products_summary.csv",
        "product name category views purchases revenue rating",
        products,
    )
    _write(
        folder / "ab_test_scenarios.csv",
        "id name target_metric baseline expected_lift cost",
        [
            (scenario, name, metric, 0.026, round(lift - 1, 2), 10_000)
            for scenario, name, metric, lift in SCENARIOS
        ],
    )
    _write(
        folder / "ab_test_results.csv",
        "scenario date variant users views carts purchases revenue",
        results,
    )


def _write(path: Path, names: str, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names.split())
        writer.writerows(rows)
