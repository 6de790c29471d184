"""monitor_dwh.py: its arguments, and what it prints and returns."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from sigeti_dwh.console import exit_code, utf8_console
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor import health, history, services, tables
from sigeti_dwh.monitor.arguments import CANNOT_MEASURE, CRITICAL, FINE, WARNING, Parser
from sigeti_dwh.monitor.objects import MEASURED, Measure, all_objects
from sigeti_dwh.monitor.rows import show_rows
from sigeti_dwh.monitor.selection import Selection, named, near_names, unknown_name
from sigeti_dwh.monitor.serve import serve
from sigeti_dwh.monitor.survey import Survey, survey
from sigeti_dwh.settings import Settings, load_settings, read_variables
from sigeti_dwh.spark.elsewhere import refuse_elsewhere
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect

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


def main(arguments: list[str] | None = None) -> int:
    """Print the state of the warehouse; return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # It has options of its own, and imports what no other command needs.
    tries_source = arguments[:1] == ["datasource"]
    options = None if tries_source else _parser().parse_args(arguments)
    code: int = FINE
    with utf8_console():
        try:
            if options is None:
                refuse_elsewhere("datasource", read_variables())
            code = options.run(options) if options else _datasource(arguments[1:])
        except BrokenPipeError:
            raise
        except (UserError, psycopg.Error, OSError) as error:
            print(error, file=sys.stderr)
            code = CANNOT_MEASURE
        except KeyboardInterrupt:
            pass
    return exit_code(code, CANNOT_MEASURE)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="monitor_dwh.py",
        description="What is in each layer of the warehouse, how fresh it is, what is wrong.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--all", action="store_true", help="every object, in four tables; all that is wrong")
    add(
        "--layer",
        action="append",
        type=_layer,
        metavar="LAYER",
        help=f"only this layer, each object; may be repeated: {', '.join(MEASURED)}",
    )
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
    looking = command("health", _health, "services, rights, settings, who blocks whom")
    looking.add_argument(
        "--format", choices=("table", "json"), default="table", help="json: the services alone"
    )
    of_one = command("history", _history, "an object's rows as seen before")
    of_one.add_argument("object", help="fait_factures, or with its schema")
    of_one.add_argument("--ascii", action="store_true", help="no character beyond ASCII")
    some = command("rows", _rows, "some rows of an object: those with wrong values, if it has any")
    some.add_argument("object", help="fait_factures, or with its schema; of dwh_qualite too")
    some.add_argument("--top", type=_positive, default=20, metavar="N", help="at most N rows (20)")
    serving = command("serve", _serve, "answer /metrics and /health on 127.0.0.1")
    serving.add_argument("--port", type=int, default=9187, help="of 127.0.0.1 (9187)")
    serving.add_argument(
        "--timeout", type=_positive, default=60, metavar="S", help="limit for one object (60)"
    )
    serving.add_argument("--exact", action="store_true", help="count instead of estimating")
    return parser


def _datasource(arguments: list[str]) -> int:
    from sigeti_dwh.monitor import datasource

    return datasource.main(arguments)


class _Interrupts:
    """Remembers Ctrl-C: an exception raised while Python cleans up an object is lost."""

    asked = False

    def __call__(self, number: int, frame: object) -> None:
        self.asked = True
        raise KeyboardInterrupt


def _look(options: argparse.Namespace) -> int:
    settings = load_settings()
    interrupts = _Interrupts()
    if options.watch:
        signal.signal(signal.SIGINT, interrupts)
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
        if interrupts.asked:
            raise KeyboardInterrupt
        time.sleep(options.watch)


def _surveyed(settings: Settings, options: argparse.Namespace) -> Survey:
    found = survey(
        settings,
        timeout=options.timeout,
        estimate=options.estimate,
        selection=Selection(options.layer or (), options.select or ()),
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
    if options.all or options.format == "markdown":
        return tables.as_tables(found, markdown=options.format == "markdown", colour=colour)
    from sigeti_dwh.monitor.brief import WIDTH, as_brief

    return as_brief(
        found,
        whole=not (options.layer or options.select or options.sort or options.top),
        width=shutil.get_terminal_size().columns if options.output is None else WIDTH,
        colour=colour,
        text=_ascii if options.ascii else str,
    )


def _write(text: str, options: argparse.Namespace) -> None:
    if options.ascii:
        text = _ascii(text)
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
    settings = load_settings()
    at = datetime.now(UTC)
    found = services.look_at(settings)
    if (lost := services.keep(settings, found, at)) is not None:
        print(lost, file=sys.stderr)
    if options.format == "json":
        print(services.as_json(found, at))
        checks = [health.check_service(one) for one in found]
    else:
        checks = health.check_health(settings, found)
        print(tables.health_table(checks))
    if checks[0].state == "critical":
        return CANNOT_MEASURE
    return CRITICAL if any(check.state == "critical" for check in checks) else FINE


@contextmanager
def _warehouse(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as link:
        meta.require_prefix(link, settings.schema)
        yield link


def _history(options: argparse.Namespace) -> int:
    settings = load_settings()
    with _warehouse(settings) as link:
        known = link.execute(
            "select distinct objet from dwh_meta.mesures where objet = %s or objet like %s",
            [options.object, "%." + history.literal(options.object)],
        ).fetchall()
        seen = history.seen_before(link, [name for (name,) in known])
        known_objects = all_objects(link, settings.schema)
    if not seen:
        names = [name for _, name in known_objects]
        if not any(named(name, options.object) for name in names):
            raise UserError(unknown_name(options.object, names))
        raise UserError(
            f"Nothing was seen yet of {options.object}.\nEach python3 monitor_dwh.py adds a look."
        )
    for name, looks in sorted(seen.items()):
        print(tables.history_table(name, looks, ascii_only=options.ascii))
    return FINE


def _rows(options: argparse.Namespace) -> int:
    settings = load_settings()
    with _warehouse(settings) as link:
        name, columns, rows = show_rows(link, settings.schema, options.object, options.top)
    print(tables.rows_table(name, columns, rows))
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


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _layer(text: str) -> str:
    if text not in MEASURED:
        near = near_names(text, MEASURED)
        told = f"Near: {', '.join(near)}" if near else f"There are {', '.join(MEASURED)}"
        raise argparse.ArgumentTypeError(f"no layer is named {text!r}. {told}.")
    return text


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
