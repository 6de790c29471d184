"""What a run made and what to do next, told at its end."""

from tabulate import tabulate

from sigeti_dwh.folders import REPORT_PAGE
from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night.results import LayerResult, RunSummary
from sigeti_dwh.settings import MADE, Settings

TITLES = (
    "layer",
    "objects",
    "rows written",
    "tests passed",
    "warned",
    "failed",
    "unchanged",
    "seconds",
)


def report(run: RunSummary, settings: Settings) -> str:
    """Return the summary of a run: its layers as a table, its warnings, the next steps."""
    table = tabulate(
        [_load_line(run.loaded), *(_line(layer) for layer in run.layers)],
        headers=TITLES,
        colalign=("left", *["right"] * 7),
        disable_numparse=True,
    )
    warnings = [f"Warning: {test.name}: {test.outcome()}" for test in run.warnings]
    accepted = [f"Accepted: {test.name}: {test.outcome()}" for test in run.accepted]
    missed = [f"Missed by the nights before: {node}" for node in run.missed]
    done = f"{run.amount}. Done in {run.seconds:.0f} s."
    told = [*run.loaded.notices, *warnings, *accepted, *missed, done]
    return "\n".join(["", table, "", *told, "", *next_steps(settings)])


def next_steps(settings: Settings) -> list[str]:
    """Return what a user can do with the warehouse that was built."""
    page = MADE / "target" / "static_index.html"
    lines = ["See what is in it:   python3 monitor_dwh.py"]
    if REPORT_PAGE.exists():
        lines.insert(0, f"Open first:          {REPORT_PAGE}")
    if page.exists():
        lines.append(f"Documentation:       {page}")
    lines += (settings.spark or settings.warehouse).for_readers(settings.schema)
    if settings.source.embedded:
        lines.append("Your own SIGETI:     set SOURCE_DB_* in .env; so far the source is a demo")
    return lines


def _load_line(load: LoadResult) -> tuple[object, ...]:
    seconds = sum(table.seconds for table in load.tables)
    return ("load", len(load.tables), load.changed, "", "", "", "", f"{seconds:.1f}")


def _line(layer: LayerResult) -> tuple[object, ...]:
    warned = len(layer.warnings)
    passed = sum(test.ok for test in layer.tests) - warned
    return (
        layer.name,
        sum(node.resource_type != "test" for node in layer.nodes),
        layer.rows,
        passed,
        warned,
        len(layer.tests) - passed - warned,
        len(layer.nodes) - len(layer.run),
        f"{layer.seconds:.1f}",
    )
