"""The command: python -m benchmarks."""

import argparse
import sys
from pathlib import Path

from benchmarks.changes import PICK, Change
from benchmarks.databases import add_state, running_server
from benchmarks.results import Results
from benchmarks.scenario import CASES, Plan, Scenario
from sigeti_dwh.console import utf8_console
from sigeti_dwh.errors import UserError


def main() -> int:
    """Measure what is asked for; return the exit code."""
    options = _parser().parse_args()
    plan = Plan(
        cases=tuple(options.case),
        changes=tuple(
            Change(rows, where)
            for rows in options.changes
            for where in PICK
            if where in options.case
        ),
        repeat=options.repeat,
        reuse=options.reuse,
        explain=tuple(options.explain),
    )
    results = Results(plan.changes)
    try:
        with utf8_console(), running_server(options.state) as server:
            for scale in sorted(options.scale):
                Scenario(server, options.state, scale, plan, results, print).run()
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        # What was measured before a failure took its time as well.
        if results.runs:
            print(f"\n{results.node_table(options.top)}\n\n{results}")
        if results.runs and options.output:
            results.write(options.output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures nights on large demo sources, each beside the floor of its cost.",
        epilog="A minute: --scale 100 --case spread --changes 1000. "
        "On a machine without /proc the database's CPU is unknown: seconds take its place.",
    )
    add = parser.add_argument
    add(
        "--scale",
        type=_positive,
        nargs="+",
        default=[1000],
        metavar="N",
        help="thousands of invoices (default: 1000)",
    )
    add(
        "--changes",
        type=_positive,
        nargs="+",
        metavar="N",
        default=[1_000, 100_000, 1_000_000],
        help="changed rows of a night (default: 1000 100000 1000000)",
    )
    add(
        "--case",
        nargs="+",
        choices=CASES,
        default=CASES,
        help="full refresh, night without changes, changes of the newest rows or of rows all over",
    )
    add("--repeat", type=_positive, default=1, help="run each case so often; figures are medians")
    add("--reuse", action="store_true", help="go on with source and warehouse of an earlier run")
    add("--top", type=_positive, default=15, metavar="N", help="dbt nodes shown (default: 15)")
    add(
        "--explain",
        nargs="+",
        default=[],
        metavar="NODE",
        help="print the plans of the statements of nodes, as of dim_lots",
    )
    add("--output", type=Path, metavar="FILE", help="write the results there as JSON")
    add_state(parser)
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
