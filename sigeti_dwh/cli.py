"""The command line behind run_pipeline.sh."""

import argparse
import getpass
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sigeti_dwh import alerts
from sigeti_dwh.areas import AREAS
from sigeti_dwh.console import exit_code, utf8_console
from sigeti_dwh.demo import source as demo_source
from sigeti_dwh.demo.creation import DEFAULT_SEED
from sigeti_dwh.errors import MissingDatabaseError, RetryableError, UserError
from sigeti_dwh.folders import REPORT_PAGE, explained, no_space
from sigeti_dwh.memory import ended_without_memory
from sigeti_dwh.night.look import nothing_changed_since
from sigeti_dwh.night.orchestration import give_up_server, import_flow, prefect_api
from sigeti_dwh.night.preparation import prepare, started
from sigeti_dwh.night.profiles import write_profiles
from sigeti_dwh.night.report import next_steps, report
from sigeti_dwh.night.run_log import is_at_work, record_end, recorded
from sigeti_dwh.schedule import read_minutes
from sigeti_dwh.schedulers.jobs import MORE, shorten_log
from sigeti_dwh.settings import (
    ROOT,
    STATE,
    area_demo,
    embedded_server,
    env_file,
    load_settings,
    read_variables,
)
from sigeti_dwh.spark.elsewhere import refuse_elsewhere
from sigeti_dwh.warehouse.connection_check import check

NOT_RUNNING = 3
OWNER = "Run as the owner of the checkout, or set DWH_STATE_DIR to a folder of yours."
# Root's embedded server runs as another user, who has to get to his own folder in it.
STATE_MODE = 0o711 if os.geteuid() == 0 else 0o700
INTERRUPTED = 130
TERMINATED = 143
UNTOUCHED: tuple[int, ...] = ()
"""The zones of a login when none are given: those it had."""
ALL_DUE = ""
"""Who gets the report when no address is given: each of DWH_REPORT_* who has not got it."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends what is under way as Ctrl-C does."""


def _terminate(number: int, frame: object) -> None:
    raise Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    with utf8_console():
        code = _outcome(options)
    return exit_code(code)


def _outcome(options: argparse.Namespace) -> int:
    """Run a command and return its exit code; say what went wrong."""
    try:
        _make_state_folder()
        create_env_file()
        refuse_elsewhere(options.word, read_variables())
        code: int = options.command(options)
        return code
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Terminated:
        print("Ended by a signal. The next run takes up from there.", file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again: it takes up from there.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        print(_explain(error), file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Take the source to tested marts and print what came out."""
    shorten_log()
    began = time.monotonic()
    lost = False
    if options.look and _is_at_work():
        print("Another run is at work: nothing was looked at.")
        return 0
    arguments: dict[str, Any] = {
        "full_refresh": options.full_refresh,
        "full_tests": options.full_tests,
        "select": options.select,
        "all_nodes": options.all_nodes,
        "docs": not (options.no_docs or options.look),
        "look": options.look,
        "accept_loss": options.accept_loss,
    }
    whole = options.select is None
    with (
        ended_without_memory(lambda cause: _ended(cause, whole, options.look)),
        alerts.night(whole, options.look),
        recorded(),
    ):
        settings = prepare()
        # The flow checks again, and waits for a server that is away; here a mistake shows within a
        # second, before Prefect is imported.
        try:
            check(settings)
        except RetryableError as error:
            print(f"{str(error).splitlines()[0]} Trying again.", file=sys.stderr, flush=True)
        if not asks_for_more(options) and (since := nothing_changed_since(settings)) is not None:
            write_profiles(settings)
            if not options.look:
                from sigeti_dwh.morning.command import mail_due

                mail_due(settings)
            ended = since.astimezone()
            when = f"{ended:%H:%M}" if ended.date() == date.today() else f"{ended:%Y-%m-%d %H:%M}"
            seconds = time.monotonic() - began
            print(f"Nothing changed since {when}. Done in {seconds:.0f} s.\n")
            print("\n".join(next_steps(settings)))
            return 0
        flow = import_flow()
        from httpx import HTTPError

        try:
            with prefect_api():
                made = flow.sigeti_dwh(**arguments, from_failure=options.from_failure)
        except HTTPError as error:
            if full := no_space():
                raise full from None
            give_up_server()
            lost = True
            if flow.went_through:
                made = flow.went_through.pop()
                print(f"The Prefect server was lost ({error}): its history lacks this run's end.")
            else:
                # What was done stays done: doing it again finds nothing to write.
                print(f"The Prefect server was lost ({error}): running again without it.")
                with prefect_api(temporary=True):
                    made = flow.sigeti_dwh(**arguments)
    print(report(made, settings), flush=True)
    if lost:
        # Prefect's threads would try for minutes more to send their events to the lost server.
        os._exit(0)
    return 0


def _ended(cause: str, whole: bool, look: bool) -> None:
    """Record and tell why a run ends that can no longer do so itself."""
    record_end(cause)
    if whole:
        alerts.night_ended(cause, look)


def _is_at_work() -> bool:
    """Tell whether another run is; of a warehouse that does not answer the run tells."""
    with suppress(UserError):
        return is_at_work(load_settings().warehouse)
    return False


def asks_for_more(options: argparse.Namespace) -> bool:
    """Tell whether a run was asked for more than to see what there is to do."""
    return bool(
        options.full_refresh
        or options.full_tests
        or options.all_nodes
        or options.from_failure
        or options.select is not None
    )


def env(options: argparse.Namespace) -> int:
    """Print the connection variables in force, one KEY=VALUE a line; passwords if asked for."""
    for key, value in load_settings().environment().items():
        if options.secrets or not key.endswith("_PASSWORD"):
            print(f"{key}={value}")
    return 0


def start(options: argparse.Namespace) -> int:
    """Start the embedded server."""
    embedded_server().start()
    return status(options)


def stop(options: argparse.Namespace) -> int:
    """Stop the embedded server."""
    print("Stopped." if embedded_server().stop() else "It was not running.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Tell whether the embedded server runs, and where; 3 when it does not."""
    server = embedded_server()
    running = server.is_running()
    state = "runs" if running else "does not run"
    print(f"The embedded PostgreSQL {state} on {server.host}:{server.port}.")
    return 0 if running else NOT_RUNNING


def fill_demo(options: argparse.Namespace) -> int:
    """Make the demo source anew, or let days pass in it."""
    settings = load_settings()
    if options.area is not None:
        made = importlib.import_module(f"sigeti_dwh.demo.{options.area}")
        made.create(area_demo(options.area), seed=options.seed or DEFAULT_SEED)
        print(f"Made {area_demo(options.area)}. In .env: DWH_AREAS={options.area}")
        return 0
    if settings.source.embedded:
        server = embedded_server()
        server.start()
        server.create_database(settings.source.name)
    if options.advance is None:
        demo_source.create(settings.source, scale=options.scale, seed=options.seed)
    else:
        demo_source.advance(settings.source, days=options.advance, seed=options.seed)
    return 0


def load_sources(options: argparse.Namespace) -> int:
    """Load without building anything, say what a load would do, or drop what an area brought."""
    from sigeti_dwh.night.engine import engine_of
    from sigeti_dwh.night.run_log import held

    settings = started()
    engine = engine_of(settings)
    how = {"accept_loss": options.accept_loss, "dry_run": options.dry_run}
    with held(settings):
        if options.undo_area is not None:
            print("\n".join(engine.undo_area(options.undo_area)) or "There was nothing of it.")
            return 0
        engine.load(print, **how)
        for area in settings.areas:
            engine.load_area(area, print, **how)
    if options.dry_run:
        print("Nothing was written.")
    return 0


def make_backup(options: argparse.Namespace) -> int:
    """Write the warehouse to a file, and prove that it can be restored."""
    from sigeti_dwh.warehouse.backup import FOLDER, back_up

    with alerts.backup() if options.alert else nullcontext():
        print(back_up(started(), options.to or FOLDER, options.keep))
    return 0


def restore_backup(options: argparse.Namespace) -> int:
    """Put a backup in the place of the warehouse, or beside it."""
    from sigeti_dwh.warehouse.restore import restore

    print(restore(started(), options.file, options.into, options.force))
    return 0


def make_report(options: argparse.Namespace) -> int:
    """Write the morning report, of all zones or as a login reads it, or send it."""
    from sigeti_dwh.morning.mailing import PERIODS, mail_of, send, send_due
    from sigeti_dwh.morning.report import gather, write

    settings = started()
    if options.mail == ALL_DUE:
        print("\n".join(send_due(settings) or [f"Nobody is left to get it: {', '.join(PERIODS)}."]))
        return 0
    made = gather(settings, options.user, options.zones)
    if options.mail is not None:
        send(mail_of(made), options.mail)
        print(f"Sent to {options.mail}.")
        return 0
    for path in write(made, options.html or REPORT_PAGE, options.pdf):
        print(f"Written: {path}")
    return 0


def set_roles(options: argparse.Namespace) -> int:
    """Create roles and their rights, or a login of one of them."""
    from sigeti_dwh.warehouse.roles import create_login, create_roles

    settings = started()
    try:
        create_roles(settings)
    except MissingDatabaseError:
        raise UserError(
            f"The {settings.warehouse} is not there yet.\nMake it first: ./run_pipeline.sh"
        ) from None
    if options.login is not None:
        password = os.environ.get("DWH_LOGIN_PASSWORD") or _typed_password(options.login)
        made_up = create_login(
            settings, options.login, options.role or "bi_reader", password, options.zones
        )
        if made_up is not None:
            print(f"Its password, shown only now: {made_up}")
    return 0


def catalogue(options: argparse.Namespace) -> int:
    """Write the catalogue of the marts and their contract."""
    from sigeti_dwh.readers.catalogue import FILE, write

    write()
    print(f"Written: {FILE} and the contract of the marts.")
    return 0


def accept_warning(options: argparse.Namespace) -> int:
    """Let a warning that somebody has looked at count as fine until a day."""
    from sigeti_dwh.night.acceptances import accept

    print(accept(started(), options.test, options.until, options.reason))
    return 0


def export_marts(options: argparse.Namespace) -> int:
    """Write the marts that a login may read as files for a spreadsheet."""
    from sigeti_dwh.export.command import export, find_login

    settings = started()
    reader = find_login(settings, read_variables(), options.user)
    if not reader.password and sys.stdin.isatty():
        reader = replace(reader, password=getpass.getpass(f"Password of {reader.user}: "))
    print(
        export(
            reader,
            settings.schema,
            kind=options.format,
            output=options.output,
            marts=options.mart,
        )
    )
    return 0


def install_schedule(options: argparse.Namespace) -> int:
    """Let the nights start by themselves, without a Prefect server."""
    from sigeti_dwh import schedulers

    if options.action == "install":
        print(schedulers.install(options.more, options.every))
    else:
        print(schedulers.show() if options.action == "show" else schedulers.remove())
    return 0


def alert(options: argparse.Namespace) -> int:
    """Tell when no night has ended well since its time, or try the alerts."""
    from sigeti_dwh.alerts import trial

    if options.action == "check":
        alerts.check_freshness()
    else:
        print(trial.dry_run() if options.action == "dry-run" else trial.send_test())
    return 0


def dashboards(options: argparse.Namespace) -> int:
    """Serve the dashboards, stop serving them, or write what is generated from them."""
    from sigeti_dwh.dashboards import command

    if options.account is not None:
        password = os.environ.get("DWH_LOGIN_PASSWORD") or _typed_password(options.account)
        print(command.set_account(options.account, password, options.zones))
    elif options.action == "serve":
        print(command.serve(options.port))
    else:
        print(command.stop() if options.action == "stop" else command.write_files())
    return 0


def show_health(options: argparse.Namespace) -> int:
    """Look at every service that is configured, as monitor_dwh.py does."""
    from sigeti_dwh.monitor import cli as monitor

    return monitor.main(["health", "--format", options.format])


def spark_demo(options: argparse.Namespace) -> int:
    """Try Spark on this machine, or stop what was kept of a trial."""
    from sigeti_dwh.spark import demo

    if options.action == "stop":
        print("Stopped." if demo.stop() else "It was not running.")
        return 0
    return demo.demonstrate(keep=options.keep)


def setup(options: argparse.Namespace) -> int:
    """Do nothing more: run_pipeline.sh has made the environment."""
    return 0


def _typed_password(login: str) -> str | None:
    """Ask for a password where somebody can answer; None when nothing was typed."""
    if not sys.stdin.isatty():
        return None
    asked = f"Password for {login} (empty: a new login gets one, another keeps its own): "
    return getpass.getpass(asked) or None


def _make_state_folder() -> None:
    try:
        STATE.mkdir(mode=STATE_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {STATE} cannot be made: {error.strerror}.\n{OWNER}") from None
    if not os.access(STATE, os.W_OK):
        raise UserError(f"The folder {STATE} cannot be written.\n{OWNER}")
    if STATE.stat().st_uid == os.geteuid():
        STATE.chmod(STATE_MODE)


def create_env_file() -> None:
    """Make .env from the example when there is none; what it holds is for its owner alone."""
    path = env_file()
    if path.exists() or path.name != ".env" or not os.access(path.parent, os.W_OK):
        return
    path.touch(mode=0o600)
    path.write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    print(f"Created {path} from .env.example.", file=sys.stderr)


def _explain(error: Exception) -> str:
    """Return the message for an error nobody foresaw, whose trace goes to a file."""
    if (known := explained(error)) is not None:
        return str(known)
    first = str(error).strip().splitlines() or [""]
    message = f"Unexpected {type(error).__name__}: {first[0]}"
    path = STATE / "logs" / f"error-{datetime.now():%Y%m%d-%H%M%S}.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError as failure:
        return f"{message}\nIts trace could not be written: {failure}."
    return f"{message}\nThe whole trace: {path}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line; leave by 2, with what is wrong, for one that is not."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is set_roles and not options.login:
        if options.login == "":
            parser.error("argument --login: a name is needed")
        if options.role or options.zones is not UNTOUCHED:
            parser.error("--role and --zones are those of a login: add --login NAME")
    if options.command is dashboards and not options.account:
        if options.account == "":
            parser.error("argument --account: a name is needed")
        if options.zones is not UNTOUCHED:
            parser.error("--zones are those of an account: add --account NAME")
    if options.command is make_report and options.mail is not None:
        if options.html or options.pdf:
            parser.error("argument --mail: sends and writes no file: without --html and --pdf")
        if options.mail == ALL_DUE and (options.user or options.zones):
            parser.error("argument --mail: who is in DWH_REPORT_* has his own: add an address")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_pipeline.sh",
        usage="%(prog)s [options] [WORD ...]",
        description="Takes a SIGETI source database to tested, published marts.",
        epilog="Exit code: 0 done, 1 failed, 2 wrong arguments, 4 another run is at work, 130 "
        "interrupted, 143 ended by a signal. Settings: .env.",
    )
    parser.set_defaults(command=run)
    parser.add_argument(
        "--full-refresh", action="store_true", help="compute everything again, not what changed"
    )
    parser.add_argument(
        "--select", metavar="SELECTOR", help="build only these dbt nodes, as in dim_lots or +fait_*"
    )
    parser.add_argument(
        "--from-failure",
        action="store_true",
        help="leave out the layers that the failed run finished, unless the source has changed",
    )
    parser.add_argument(
        "--full-tests",
        action="store_true",
        help="test whole tables, as once a week, not what changed since each test passed",
    )
    parser.add_argument(
        "--all-nodes",
        action="store_true",
        help="run every model and test, as once a week, not those that have something to do",
    )
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="load a source that lost more of its rows than DWH_LOSS_SHARE allows",
    )
    parser.add_argument(
        "--look",
        action="store_true",
        help="as the schedule does between nights: not beside another run, and told apart from one",
    )
    parser.add_argument("--no-docs", action="store_true", help="do not write the documentation")
    words = parser.add_subparsers(
        title="other commands", metavar="WORD", prog=parser.prog, dest="word"
    )

    def word(name: str, command: object, summary: str) -> argparse.ArgumentParser:
        added = words.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=command)
        return added

    printing = word("env", env, "print the connection variables in force, one KEY=VALUE a line")
    printing.add_argument(
        "--secrets",
        action="store_true",
        help="the passwords too; the warehouse's is its owner's, readers get logins by roles",
    )
    word("start", start, "start the embedded PostgreSQL")
    word("stop", stop, "stop the embedded PostgreSQL")
    word("status", status, "tell whether the embedded PostgreSQL runs (exit code 3: it does not)")
    word("setup", setup, "make the Python environment and .env, and nothing else")
    looking = word(
        "health",
        show_health,
        "look at all services, as monitor_dwh.py does, by its exit codes",
    )
    looking.add_argument(
        "--format", choices=("table", "json"), default="table", help="json: the services alone"
    )
    saving = word(
        "backup", make_backup, "write the warehouse to a file, and prove it can be restored"
    )
    saving.add_argument("--to", type=Path, metavar="FOLDER", help="where (.dwh/backups)")
    saving.add_argument(
        "--keep", type=_positive, default=7, help="how many to keep there (7, the newest)"
    )
    saving.add_argument(
        "--alert", action="store_true", help="tell those of DWH_ALERT_* if it fails"
    )
    restoring = word("restore", restore_backup, "put a backup in the place of the warehouse")
    restoring.add_argument("file", type=Path, metavar="FILE", help="a file made by backup")
    restoring.add_argument("--into", metavar="DATABASE", help="another database of the server")
    restoring.add_argument(
        "--force", action="store_true", help="replace a database that holds tables; it is kept"
    )
    word("catalogue", catalogue, "write docs/marts.md and the contract that readers rely on")
    granting = word("roles", set_roles, "create the roles of readers and their rights, or a login")
    granting.add_argument("--login", metavar="NAME", help="create this login, or limit it anew")
    granting.add_argument(
        "--role",
        choices=("bi_reader", "dwh_analyst", "dwh_monitor", "dwh_loader", "dwh_transformer"),
        help="the role it is a member of (bi_reader)",
    )
    granting.add_argument(
        "--zones",
        type=_zones,
        default=UNTOUCHED,
        help="what it sees from now on: all, or identifiers as in 3,7; as before unless given",
    )
    accepting = word(
        "accept", accept_warning, "let a warning count as fine until a day, or its rows change"
    )
    accepting.add_argument("test", metavar="TEST", help="its name, as a run's report has it")
    accepting.add_argument(
        "--until", type=_day, required=True, metavar="DAY", help="the last day, as 2027-01-31"
    )
    accepting.add_argument("--reason", required=True, metavar="TEXT", help="why the rows may stay")
    exporting = word(
        "export", export_marts, "write the marts that a login may read for a spreadsheet"
    )
    exporting.add_argument(
        "--format", choices=("xlsx", "csv"), default="xlsx", help="one XLSX (default), or CSV"
    )
    exporting.add_argument(
        "--output",
        type=Path,
        metavar="PLACE",
        help="a file of XLSX, a folder of CSV (.dwh/exports)",
    )
    exporting.add_argument(
        "--mart", action="append", default=[], metavar="NAME", help="this one only; may be repeated"
    )
    exporting.add_argument(
        "--user",
        metavar="LOGIN",
        help="whose rights and zones decide (DWH_READER_USER, else DWH_BI_USER); its password: "
        "DWH_LOGIN_PASSWORD, or as in .env",
    )
    reporting = word("report", make_report, "write the morning report as HTML and PDF")
    reporting.add_argument(
        "--user", metavar="LOGIN", help="whose rights and zones decide (all, as a night writes it)"
    )
    reporting.add_argument(
        "--zones", type=_zone_list, default=(), help="only these, by identifiers as in 3,7"
    )
    reporting.add_argument(
        "--html", type=Path, metavar="FILE", help="where (.dwh/report/rapport.html)"
    )
    reporting.add_argument("--pdf", type=Path, metavar="FILE", help="beside the page")
    reporting.add_argument(
        "--mail",
        nargs="?",
        const=ALL_DUE,
        metavar="ADDRESS",
        help="send it instead; without address: to those of DWH_REPORT_* who have not got theirs",
    )
    scheduling = word(
        "install-schedule", install_schedule, "start the nights by systemd, else by crontab"
    )
    scheduling.add_argument(
        "--every",
        type=_interval,
        metavar="MINUTES",
        help="also look at the source so often between nights, as in 10m, in DWH_LOOK_HOURS",
    )
    _choices(scheduling, "install", show="show what is installed", remove="remove it").add_argument(
        "--with",
        dest="more",
        type=_jobs,
        default=(),
        metavar="JOBS",
        help="every day after the night as well: backup, monitor, or backup,monitor",
    )
    _choices(
        word("alert", alert, "tell when no night has ended well since its time"),
        "check",
        dry_run="show who would be told what, and send nothing",
        test="send a test to all who would be told",
    )
    showing = word("dashboards", dashboards, "serve the dashboards by Superset on this machine")
    showing.add_argument("--port", type=_port, default=8088, help="of 127.0.0.1 (8088)")
    showing.add_argument(
        "--zones", type=_zones, default=UNTOUCHED, help="what the account sees: all, or as in 3,7"
    )
    _choices(
        showing,
        "serve",
        stop="stop serving",
        generate="write bi/grafana and bi/superset from bi/tableaux.yml",
    ).add_argument("--account", metavar="NAME", help="make this reader's account, or set it anew")
    trying = word(
        "spark-demo",
        spark_demo,
        "run the demo on PostgreSQL and on a Spark cluster of this machine, and compare them",
    )
    _choices(trying, "try", stop="stop what --keep left running").add_argument(
        "--keep", action="store_true", help="leave the cluster running at the end"
    )
    loading = word("load", load_sources, "load what changed at the sources, and build nothing")
    how = loading.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="say what would be loaded, and write nothing"
    )
    how.add_argument(
        "--undo-area", choices=AREAS, help="drop everything that an optional area brought"
    )
    loading.add_argument(
        "--accept-loss",
        action="store_true",
        help="load a source that lost more of its rows than DWH_LOSS_SHARE allows",
    )
    filling = word("demo", fill_demo, "make the demo source anew, or let days pass in it")
    what = filling.add_mutually_exclusive_group()
    what.add_argument(
        "--scale",
        type=_positive,
        default=1,
        help="1 is 1 000 invoices (default); much less than before needs a night --accept-loss",
    )
    what.add_argument("--advance", type=_positive, metavar="DAYS", help="let days pass instead")
    what.add_argument("--area", choices=AREAS, help="make the files of an optional area instead")
    filling.add_argument("--seed", type=int, help="the same seed makes the same data")
    return parser


def _choices(parser: argparse.ArgumentParser, usual: str, **others: str) -> Any:
    """Let one of several options say what a command does instead of the usual.

    Returns their group, for options of the usual.
    """
    parser.set_defaults(action=usual)
    options = parser.add_mutually_exclusive_group()
    for name, summary in others.items():
        action = name.replace("_", "-")
        options.add_argument(
            f"--{action}", dest="action", action="store_const", const=action, help=summary
        )
    return options


def _jobs(text: str) -> list[str]:
    jobs = text.split(",")
    unknown = [job for job in jobs if job not in MORE]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(MORE)}")
    return jobs


def _interval(text: str) -> int:
    try:
        return read_minutes(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).replace("\n", " ")) from None


def _zones(text: str) -> list[int] | None:
    if text == "all":
        return None
    try:
        return [int(zone) for zone in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither all nor numbers as in 3,7") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day as 2027-01-31") from None


def _zone_list(text: str) -> list[int]:
    zones = _zones(text)
    return [] if zones is None else zones


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number up to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
