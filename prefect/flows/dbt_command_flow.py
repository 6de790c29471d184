"""One dbt command, started by an operator in Prefect's UI: every node visible, beside no night.

Run by its path too: python prefect/flows/dbt_command_flow.py test --select dim_lots
"""

import argparse
import os
import sys
from typing import Literal, get_args

from sigeti_dwh.night.orchestration import prepare_process, run_by_path

prepare_process()

# Prefect and dbt read the environment when they are imported.
from prefect import flow, get_run_logger  # noqa: E402
from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings  # noqa: E402

from sigeti_dwh.errors import UserError  # noqa: E402
from sigeti_dwh.night.preparation import started  # noqa: E402
from sigeti_dwh.night.profiles import profile_variables, write_profiles  # noqa: E402
from sigeti_dwh.night.run_log import held  # noqa: E402
from sigeti_dwh.settings import MADE, ROOT  # noqa: E402

Command = Literal["build", "run", "snapshot", "test", "compile", "source freshness"]
WITH_FULL_REFRESH = ("build", "run", "compile")


@flow(name="sigeti-dwh-dbt", persist_result=False)
def dbt_command(
    command: Command = "build", select: str | None = None, full_refresh: bool = False
) -> None:
    """Run one dbt command on the warehouse, of all nodes or of those that `select` names.

    Only `build` publishes, when fraicheur is among them. Raises BusyError while a night or another
    command is at work; UserError for a selection that matches nothing, and when nodes failed.
    """
    words = command.split()
    if select is not None:
        names = select.split()
        if not names or any(name.startswith("-") for name in names):
            raise UserError(f"select is {select!r}.\nAs in plain dbt: dim_lots, +name, tag:x.")
        words += ["--select", *names]
    if full_refresh and command in WITH_FULL_REFRESH:
        words.append("--full-refresh")
    settings = started()
    with held(settings):
        write_profiles(settings)
        os.environ.update(profile_variables(settings))
        runner = PrefectDbtRunner(
            settings=PrefectDbtSettings(
                project_dir=ROOT, profiles_dir=MADE, target_path=MADE / "target"
            ),
            raise_on_failure=False,
            disable_assets=True,
        )
        outcome = runner.invoke([*words, "--log-path", str(MADE / "logs")])
    if outcome.exception is not None:
        raise UserError(f"dbt {command}: {outcome.exception}") from outcome.exception
    results = getattr(outcome.result, "results", None) or []
    failed = [one.node.name for one in results if str(one.status) in ("error", "fail")]
    if failed:
        raise UserError(
            f"dbt {command}: {len(failed)} of {len(results)} nodes failed: {', '.join(failed[:5])}"
            f"{', …' if len(failed) > 5 else ''}\nAll of it: logs/dbt.log"
        )
    if not results:
        raise UserError(f"dbt {command}: select {select!r} matches nothing.")
    said = f"dbt {command}: {len(results)} nodes went well"
    print(said, flush=True)
    get_run_logger().info(said)


def main() -> int:
    """Run the command of the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=get_args(Command), help="as plain dbt has it")
    parser.add_argument("--select", help="these nodes only, as in dim_lots or +fait_factures")
    parser.add_argument("--full-refresh", action="store_true", help="compute everything again")
    options = parser.parse_args()
    return run_by_path(lambda: dbt_command(options.command, options.select, options.full_refresh))


if __name__ == "__main__":
    sys.exit(main())
