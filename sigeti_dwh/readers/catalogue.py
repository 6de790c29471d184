"""The catalogue of the marts, docs/marts.md and a table of dbt's pages, from their descriptions."""

import re
from pathlib import Path

from sigeti_dwh.readers.contract import Column, Mart, read_marts, write_contract
from sigeti_dwh.settings import ROOT

FILE = Path("docs/marts.md")
OVERVIEW = Path("models/overview.md")
OVERVIEW_HEAD = "| Mart | Published in |\n|---|---|\n"
HEAD = """\
# Catalogue des marts

Écrit par `./run_pipeline.sh catalogue` d'après les descriptions des modèles : corrigez celles-ci.

Les montants sont en FCFA. Une colonne *additive* se somme ; un taux se recalcule à partir des
sommes, il ne se somme ni ne se moyenne. Une colonne ne change de nom ou de type, ou ne disparaît,
qu'avec une nouvelle version du mart (`models/marts/contracts.json`).
"""


def page(marts: list[Mart]) -> str:
    """Return the catalogue as Markdown."""
    ordered = sorted(marts, key=lambda mart: mart.name == "fraicheur")
    index = ["| Mart | Contenu | Grain | Version |", "|---|---|---|---|"]
    index += [
        f"| [`dwh_{mart.schema}.{mart.name}`](#{mart.name}) | {mart.meta['label']} | "
        f"{_grain(mart)} | {mart.version} |"
        for mart in ordered
    ]
    shared = _shared(ordered)
    common = ["\n## Colonnes de chaque mart\n", *_table(shared)]
    sections = (_section(mart, shared) for mart in ordered)
    return "\n".join([HEAD, *index, *common, *sections]) + "\n"


def overview(text: str, marts: list[Mart]) -> str:
    """Return the first page of dbt's documentation with these marts in its table."""
    rows = "".join(
        f"| [{mart.name}](#!/model/model.sigeti_dwh.{mart.name}) | `dwh_{mart.schema}` |\n"
        for mart in marts
        if mart.name != "fraicheur"
    )
    return re.sub(rf"(?<={re.escape(OVERVIEW_HEAD)})(\|.*\n)*", rows, text)


def write(root: Path = ROOT) -> None:
    """Write contract and catalogue anew; raise UserError when a promise would be broken."""
    write_contract(root)
    marts = [mart for mart in read_marts(root) if mart.area is None]
    (root / FILE).write_text(page(marts), encoding="utf-8")
    first = root / OVERVIEW
    first.write_text(overview(first.read_text(encoding="utf-8"), marts), encoding="utf-8")


def _grain(mart: Mart) -> str:
    """Return how a description begins: Une ligne par …."""
    return re.split(r"[.;]| :", mart.description)[0]


def _shared(marts: list[Mart]) -> dict[str, Column]:
    """Return the columns that all marts have alike, fraicheur aside, which is of another kind."""
    first, *others = (mart.columns for mart in marts if mart.name != "fraicheur")
    return {
        name: column
        for name, column in first.items()
        if all(columns.get(name) == column for columns in others)
    }


def _section(mart: Mart, shared: dict[str, Column]) -> str:
    lines = [f"\n## {mart.name}\n", f"**{mart.meta['label']}.** {mart.description}\n"]
    lines += [f"- {question}" for question in mart.meta["questions"]]
    own = {name: column for name, column in mart.columns.items() if name not in shared}
    return "\n".join([*lines, "", *_table(own)])


def _table(columns: dict[str, Column]) -> list[str]:
    lines = ["| Colonne | Libellé | Type | Définition et formule |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {column.label} | {column.type} | {column.description.replace('|', '/')} |"
        for name, column in columns.items()
    ]
    return lines
