"""monitor_dwh.py: its arguments, and what it prints and returns."""

import argparse
import fnmatch
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg

from sigeti_dwh.console import utf8_console
from sigeti_dwh.database import connect
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor import health, history, tables
from sigeti_dwh.monitor.objects import LAYERS, Measure
from sigeti_dwh.monitor.serve import serve
from sigeti_dwh.monitor.survey import Survey, survey
from sigeti_dwh.settings import Settings, load_settings

FINE, WARNING, CRITICAL, CANNOT_MEASURE = 0, 1, 2, 3
FORMATS = ("table", "json", "csv", "markdown", "html", "prometheus")
SORTS: dict[str, Callable[[Measure], object]] = {
    "rows": lambda one: -(one.rows or 0),
    "size": lambda one: -(one.size or 0),
    "age": lambda one: one.published or one.loaded or datetime.max.replace(tzinfo=UTC),
    "name": lambda one: one.name.partition(".")[2],
}
EPILOG = """\
exit code: 0 fine, or a warning; 1 a warning with --fail-on warn; 2 critical; 3 it cannot be
measured, or wrong arguments. Thresholds are in the dbt YAML: config.meta.monitor (docs/monitor.md).
"""


class Parser(argparse.ArgumentParser):
    """argparse's own exit code for wrong arguments is the one for a critical state here."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong, and leave with the code of what cannot be measured."""
        self.print_usage(sys.stderr)
        self.exit(CANNOT_MEASURE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Print the state of the warehouse; return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # It has options of its own, and imports what no other command needs.
    tries_source = arguments[:1] == ["datasource"]
    options = None if tries_source else _parser().parse_args(arguments)
    with utf8_console():
        try:
            code: int = options.run(options) if options else _datasource(arguments[1:])
        except (UserError, psycopg.Error, OSError) as error:
            print(error, file=sys.stderr)
            return CANNOT_MEASURE
        except KeyboardInterrupt:
            return FINE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="monitor_dwh.py",
        description="What is in each layer of the warehouse, how fresh it is, what is wrong.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--layer", action="append", choices=LAYERS, help="only this layer; may be repeated")
    add("--select", action="append", metavar="NAME", help="only objects so named; * for any text")
    add("--sort", choices=SORTS, help="instead of layer and name")
    add("--top", type=_positive, metavar="N", help="only the first N objects")
    add("--estimate", action="store_true", help="do not count: the planner's rows, marked ~")
    add("--timeout", type=_positive, default=60, metavar="S", help="limit for one object (60)")
    add("--format", choices=FORMATS, default="table")
    add("--output", type=Path, metavar="FILE", help="write there, when complete")
    add("--mail", action="store_true", help="send the page to DWH_ALERT_MAIL_TO as well")
    add("--fail-on", choices=("warn", "critical"), default="critical", help="what is not exit 0")
    add("--watch", type=_positive, metavar="S", help="look again each S seconds")
    add("--ascii", action="store_true", help="no character beyond ASCII")
    add("--no-record", action="store_true", help="do not keep this look in dwh_meta.mesures")
    parser.set_defaults(run=_look)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> Parser:
        told = f"{summary[0].upper()}{summary[1:]}."
        one = commands.add_parser(name, help=summary, description=told, epilog=EPILOG)
        one.set_defaults(run=run)
        return one

    command("datasource", lambda options: _datasource([]), "what BI tools rely on, tried as a role")
    command("health", _health, "servers, rights, settings, who blocks whom")
    of_one = command("history", _history, "an object's rows as seen before")
    of_one.add_argument("object", help="fait_factures, or with its schema")
    of_one.add_argument("--ascii", action="store_true", help="no character beyond ASCII")
    serving = command("serve", _serve, "answer /metrics and /health on 127.0.0.1")
    serving.add_argument("--port", type=int, default=9187, help="of 127.0.0.1 (9187)")
    serving.add_argument(
        "--timeout", type=_positive, default=60, metavar="S", help="limit for one object (60)"
    )
    serving.add_argument("--exact", action="store_true", help="count instead of estimating")
    return parser


def _datasource(arguments: list[str]) -> int:
    from sigeti_dwh import datasource

    return datasource.main(arguments)


def _look(options: argparse.Namespace) -> int:
    settings = load_settings()
    while True:
        found = _surveyed(settings, options)
        _write(_shown(found, options), options)
        if options.mail:
            from sigeti_dwh.monitor.mail import mail

            print(f"Taken: {mail(found)}", file=sys.stderr)
        for note in found.notes:
            print(note, file=sys.stderr)
        if not options.watch:
            return _code(found, options.fail_on)
        time.sleep(options.watch)


def _surveyed(settings: Settings, options: argparse.Namespace) -> Survey:
    layers, names = options.layer or LAYERS, options.select or ["*"]

    def wanted(layer: str, name: str) -> bool:
        short = name.partition(".")[2]
        return layer in layers and any(
            fnmatch.fnmatchcase(one, pattern) for one in (name, short) for pattern in names
        )

    found = survey(
        settings,
        timeout=options.timeout,
        estimate=options.estimate,
        wanted=wanted,
        complete=not options.layer and not options.select,
        record=not options.no_record,
    )
    measures = found.measures
    if options.sort:
        measures = sorted(measures, key=SORTS[options.sort])  # type: ignore[arg-type]
    return replace(found, measures=measures[: options.top])


def _shown(found: Survey, options: argparse.Namespace) -> str:
    if options.format in ("json", "prometheus"):
        from sigeti_dwh.monitor import machines

        return (
            machines.as_json(found) if options.format == "json" else machines.as_prometheus(found)
        )
    if options.format == "html":
        from sigeti_dwh.monitor.page import as_page

        return as_page(found)
    if options.format == "csv":
        return tables.as_csv(found)
    colour = options.output is None and sys.stdout.isatty() and not options.ascii
    return tables.as_tables(found, markdown=options.format == "markdown", colour=colour)


def _write(text: str, options: argparse.Namespace) -> None:
    if options.ascii:
        text = text.encode("ascii", "backslashreplace").decode()
    if options.output is None:
        print(text, flush=True)
        return
    draft = options.output.with_name(f"{options.output.name}.part")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(options.output)


def _code(found: Survey, fail_on: str) -> int:
    if all(one.problem for one in found.measures):
        return CANNOT_MEASURE
    if found.verdict == "critical":
        return CRITICAL
    return WARNING if found.verdict == "warning" and fail_on == "warn" else FINE


def _health(options: argparse.Namespace) -> int:
    checks = health.check_health(load_settings())
    print(tables.health_table(checks))
    if checks[0].state == "critical":
        return CANNOT_MEASURE
    return CRITICAL if any(check.state == "critical" for check in checks) else FINE


def _history(options: argparse.Namespace) -> int:
    settings = load_settings()
    with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as link:
        known = link.execute(
            "select distinct objet from dwh_meta.mesures where objet = %s or objet like %s",
            [options.object, "%." + history.literal(options.object)],
        ).fetchall()
        seen = history.seen_before(link, [name for (name,) in known])
    if not seen:
        raise UserError(
            f"Nothing was seen yet of {options.object}.\nEach python3 monitor_dwh.py adds a look."
        )
    for name, looks in sorted(seen.items()):
        print(tables.history_table(name, looks, ascii_only=options.ascii))
    return FINE


def _serve(options: argparse.Namespace) -> int:
    settings = load_settings()
    look = partial(
        survey,
        settings,
        timeout=options.timeout,
        estimate=not options.exact,
        record=False,
    )
    serve(look, options.port, partial(print, file=sys.stderr, flush=True))
    return FINE


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
