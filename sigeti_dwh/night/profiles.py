"""The dbt profile of the checkout, written from profiles.example.yml with the values in force."""

import re
from pathlib import Path
from tempfile import NamedTemporaryFile

from sigeti_dwh.settings import MADE, ROOT, Settings
from sigeti_dwh.spark.server import nowhere
from sigeti_dwh.warehouse.session import pinning

EXAMPLE = ROOT / "profiles.example.yml"
MARKER = (
    "# Written by run_pipeline.sh from profiles.example.yml at every run: change .env instead.\n"
)
DEFAULT = re.compile(r'env_var\("(\w+)", ""\) or "[^"]*"')


def write_profiles(settings: Settings, directory: Path = MADE) -> bool:
    """Write profiles.yml, so that plain dbt in the checkout reaches this warehouse.

    Only its owner can read the file, which holds the password; one the user wrote himself (without
    our first line) is left as it is. Returns whether the file is ours.
    """
    path = directory / "profiles.yml"
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARKER):
        return False
    text = MARKER + profile(settings)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        with NamedTemporaryFile("w", dir=directory, delete=False, encoding="utf-8") as draft:
            draft.write(text)
        Path(draft.name).replace(path)
    return True


def profile(settings: Settings) -> str:
    """Return the profile's text: the example, each variable's default being the value in force."""
    values = profile_variables(settings)

    def with_value(match: re.Match[str]) -> str:
        name = match[1]
        return f'env_var("{name}", "") or "{_jinja(values[name])}"'

    return DEFAULT.sub(with_value, EXAMPLE.read_text(encoding="utf-8"))


def profile_variables(settings: Settings) -> dict[str, str]:
    """Return the variables that the profile, and the plugin dbt_sigeti_dwh, read."""
    target = "direct_source" if settings.one_database else "copied_source"
    return {
        **nowhere().environment(),
        **settings.environment(),
        "DWH_ENGINE": "postgres" if settings.spark is None else "spark",
        "DWH_AREAS": ",".join(settings.areas),
        "DWH_TARGET": target if settings.spark is None else "spark",
        "DWH_THREADS": str(settings.threads),
        # dbt executes `set role` and this on each connection: the one place for what all need.
        "DWH_SESSION": f"to default; {pinning('warehouse', unlimited=True)}",
    }


def _jinja(value: str) -> str:
    """Write a text as the inside of a Jinja string that YAML's single quotes leave alone."""
    return "".join(
        character
        if re.fullmatch(r"[\w.:/@%+ -]", character, re.ASCII)
        else f"\\U{ord(character):08x}"
        for character in value
    )
