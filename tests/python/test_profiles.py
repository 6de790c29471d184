"""profiles.yml: what an analyst's plain dbt reads."""

import stat
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from dbt.config.profile import Profile
from dbt.config.renderer import ProfileRenderer
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context

from sigeti_dwh.night.profiles import EXAMPLE, profile_variables, write_profiles
from sigeti_dwh.settings import Server, Settings

HERE = Server("source", "127.0.0.1", 5432, "sigeti", "lecteur", "", "prefer", False)
SETTINGS = Settings(HERE, replace(HERE, role="warehouse", name="entrepot"), "dw", threads=3)


def read(path: Path, environment: dict[str, str] | None = None) -> Profile:
    """Read a profile as dbt does."""
    set_from_args(Namespace(), None)
    set_invocation_context(environment or {})
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Profile.from_raw_profiles(raw, "sigeti_dwh", ProfileRenderer({}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123",
        "0x1F",
        "true",
        "None",
        "[1, 2]",
        "a'b\"c",
        "{{ env_var('HOME') }}",
        "}}",
        "{% raw %}",
        "{# c #}",
        "\\u0041\\",
        "é – 😀",
        "a: b # c",
        "  blanks around  ",
        "&*!|>%@`",
    ],
)
def test_dbt_reads_the_very_password(text: str, tmp_path: Path) -> None:
    warehouse = replace(SETTINGS.warehouse, password=text, user=text or "dwh")
    write_profiles(replace(SETTINGS, warehouse=warehouse), tmp_path)
    credentials = read(tmp_path / "profiles.yml").credentials
    assert credentials.password == text
    assert credentials.user == (text or "dwh")


def test_the_profile_has_the_values_in_force(tmp_path: Path) -> None:
    write_profiles(SETTINGS, tmp_path)
    profile = read(tmp_path / "profiles.yml")
    found = profile.credentials
    assert (found.host, found.port, found.database) == ("127.0.0.1", 5432, "entrepot")
    assert (found.schema, profile.threads, profile.target_name) == ("dw", 3, "copied_source")


def test_one_database_reads_the_source_directly(tmp_path: Path) -> None:
    write_profiles(replace(SETTINGS, warehouse=replace(HERE, role="warehouse")), tmp_path)
    assert read(tmp_path / "profiles.yml").target_name == "direct_source"


def test_only_the_owner_reads_the_password(tmp_path: Path) -> None:
    write_profiles(SETTINGS, tmp_path)
    assert stat.S_IMODE((tmp_path / "profiles.yml").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["profiles.yml"]


def test_a_second_run_writes_what_changed_only(tmp_path: Path) -> None:
    path = tmp_path / "profiles.yml"
    assert write_profiles(SETTINGS, tmp_path)
    before = path.stat().st_ino
    assert write_profiles(SETTINGS, tmp_path)
    assert path.stat().st_ino == before
    assert write_profiles(replace(SETTINGS, threads=5), tmp_path)
    assert read(path).threads == 5


def test_a_profile_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "profiles.yml"
    path.write_text("sigeti_dwh: {}\n", encoding="utf-8")
    assert not write_profiles(SETTINGS, tmp_path)
    assert path.read_text(encoding="utf-8") == "sigeti_dwh: {}\n"


def test_the_example_serves_plain_dbt_from_the_environment() -> None:
    variables = profile_variables(replace(SETTINGS, threads=7))
    profile = read(EXAMPLE, variables)
    assert (profile.credentials.database, profile.threads) == ("entrepot", 7)


def test_variables_that_are_set_and_empty_leave_the_defaults() -> None:
    variables = dict.fromkeys(profile_variables(SETTINGS), "")
    profile = read(EXAMPLE, variables)
    assert (profile.credentials.port, profile.target_name) == (5432, "copied_source")


def test_plain_dbt_knows_the_alias_of_the_password(tmp_path: Path) -> None:
    """In the example, and in what a run writes from it, where the password in force wins."""
    alias = {"DBT_PASSWORD": "de-l-ancien-guide"}
    assert read(EXAMPLE, alias).credentials.password == "de-l-ancien-guide"
    own = {**alias, "DWH_DB_PASSWORD": "le-sien"}
    assert read(EXAMPLE, own).credentials.password == "le-sien"
    warehouse = replace(SETTINGS.warehouse, password="en-vigueur")
    write_profiles(replace(SETTINGS, warehouse=warehouse), tmp_path)
    assert read(tmp_path / "profiles.yml", alias).credentials.password == "en-vigueur"
