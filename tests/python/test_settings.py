"""The settings: the environment over .env over the embedded server, and each wrong value named."""

from pathlib import Path

import pytest

from sigeti_dwh import settings
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server, load_settings

REAL_SOURCE = {
    "SOURCE_DB_HOST": "sigeti.example",
    "SOURCE_DB_NAME": "sigeti",
    "SOURCE_DB_USER": "lecteur",
}
REAL_WAREHOUSE = {
    "DWH_DB_HOST": "dwh.example",
    "DWH_DB_NAME": "entrepot",
    "DWH_DB_USER": "dwh",
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def set_variables(monkeypatch: pytest.MonkeyPatch):
    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def write_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def write(content: str | bytes) -> None:
        path = tmp_path / "settings.env"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setenv("DWH_ENV_FILE", str(path))

    return write


def refusal() -> str:
    with pytest.raises(UserError) as raised:
        load_settings()
    message = str(raised.value)
    assert len(message.splitlines()) <= 3
    return message


def test_without_settings_both_sides_are_on_the_embedded_server() -> None:
    found = load_settings()
    assert found.source.embedded and found.warehouse.embedded and not found.one_database
    assert (found.source.name, found.warehouse.name) == ("sigeti_node_db", "sigeti_dwh")
    assert found.source.host == "127.0.0.1"
    assert found.source.port == found.warehouse.port == load_settings().source.port
    assert found.source.password and found.source.password == load_settings().source.password
    assert found.schema == "dwh"


def test_the_embedded_port_can_be_chosen(set_variables) -> None:
    set_variables(DWH_EMBEDDED_PORT="54999")
    assert load_settings().environment()["DWH_DB_PORT"] == "54999"


def test_a_configured_server_has_defaults_for_port_and_tls_only(set_variables) -> None:
    set_variables(**REAL_SOURCE)
    assert load_settings().source == Server(
        "source", "sigeti.example", 5432, "sigeti", "lecteur", "", "prefer", False
    )


def test_the_environment_wins_over_the_file(set_variables, write_env_file) -> None:
    lines = [f"{name}={value}" for name, value in (REAL_SOURCE | REAL_WAREHOUSE).items()]
    write_env_file("\n".join([*lines, "DWH_DB_PASSWORD=du-fichier", "DWH_THREADS=2"]))
    set_variables(DWH_DB_PASSWORD="de-l-environnement", SOURCE_DB_NAME="autre")
    found = load_settings()
    assert found.warehouse.password == "de-l-environnement"
    assert (found.source.name, found.warehouse.name, found.threads) == ("autre", "entrepot", 2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("simple", "simple"),
        ("'d’été à Grand-Lahou'", "d’été à Grand-Lahou"),
        ('"deux mots"', "deux mots"),
        ("a#b", "a#b"),
        ("'a # b'", "a # b"),
        ("'$HOME ${USER}'", "$HOME ${USER}"),
        (r"'back\slash'", r"back\slash"),
        (r"'l\'autre'", "l'autre"),
        ("a=b=c", "a=b=c"),
        ("", ""),
    ],
)
def test_a_value_of_the_file_is_what_was_meant(written: str, meant: str, write_env_file) -> None:
    lines = [f"{name}={value}" for name, value in REAL_WAREHOUSE.items()]
    write_env_file("\r\n".join([f"\ufeffDWH_DB_PASSWORD={written}", "# réglages", *lines, ""]))
    assert load_settings().warehouse.password == meant


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("DWH_THREADS=4\nDWH_DB_PASSWORD='sans fin\n", "line 2"),
        ("DWH_THREADS\n", "line 1"),
        ("DWH_DB_PASSWORD=Soubré\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(content, named: str, write_env_file) -> None:
    write_env_file(content)
    message = refusal()
    assert named in message and "settings.env" in message


def test_a_file_that_is_asked_for_must_be_there(set_variables) -> None:
    set_variables(DWH_ENV_FILE="/nowhere/settings.env")
    assert "/nowhere/settings.env" in refusal()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOURCE_DB_PORT", "cinq"),
        ("SOURCE_DB_PORT", "0"),
        ("SOURCE_DB_PORT", "65536"),
        ("SOURCE_DB_PORT", "-1"),
        ("SOURCE_DB_PORT", "٥٤٣٢"),
        ("SOURCE_DB_SSLMODE", "oui"),
        ("SOURCE_DB_PASSWORD", "deux\nlignes"),
        ("DWH_EMBEDDED_PORT", "99999"),
        ("DWH_THREADS", "0"),
        ("DWH_THREADS", "beaucoup"),
        ("DWH_LOSS_SHARE", "50%"),
        ("DWH_LOSS_SHARE", "0,5"),
        ("DWH_LOSS_SHARE", "1.01"),
        ("DWH_LOSS_SHARE", "-0.5"),
        ("DWH_LOSS_SHARE", "nan"),
        ("DWH_DB_SCHEMA", "Entrepôt"),
        ("DWH_DB_SCHEMA", "DWH"),
        ("DWH_DB_SCHEMA", "pg_dwh"),
        ("DWH_DB_SCHEMA", "d" * 41),
        ("DWH_DB_SCHEMA", "sigeti_marts"),
        ("DWH_DB_SCHEMA", "dwh_marts_clients"),
        ("DWH_DB_SCHEMA", "dwh_qualite"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, set_variables) -> None:
    set_variables(**REAL_SOURCE, **{name: value})
    assert name in refusal()


@pytest.mark.parametrize(("text", "share"), [("", 0.5), ("0.25", 0.25), (".9", 0.9), ("1", 1.0)])
def test_the_share_of_rows_that_may_go_is_read(text: str, share: float, set_variables) -> None:
    set_variables(**REAL_SOURCE, **REAL_WAREHOUSE, DWH_LOSS_SHARE=text)
    assert load_settings().loss_share == share


def test_a_host_without_name_or_user_is_refused(set_variables) -> None:
    set_variables(DWH_DB_HOST="dwh.example", DWH_DB_NAME="entrepot")
    message = refusal()
    assert "DWH_DB_USER" in message and "DWH_DB_NAME" not in message


def test_a_name_without_host_is_refused(set_variables) -> None:
    set_variables(SOURCE_DB_NAME="sigeti", SOURCE_DB_PASSWORD="secret-1")
    message = refusal()
    assert "SOURCE_DB_NAME" in message and "SOURCE_DB_HOST" in message
    assert "secret-1" not in message


def test_one_database_is_seen_as_one(set_variables) -> None:
    set_variables(**REAL_SOURCE, **{**REAL_WAREHOUSE, "DWH_DB_HOST": "sigeti.example"})
    assert not load_settings().one_database
    set_variables(DWH_DB_NAME="sigeti")
    assert load_settings().one_database
    set_variables(DWH_DB_PORT="5433")
    assert not load_settings().one_database


def test_the_environment_in_force_gives_the_same_settings(set_variables) -> None:
    set_variables(**REAL_SOURCE, **REAL_WAREHOUSE, DWH_DB_PASSWORD="é'\"\\ $x", DWH_DB_SCHEMA="dw")
    found = load_settings()
    set_variables(**found.environment())
    assert load_settings() == found


def test_the_password_of_the_earlier_guide_is_an_alias(set_variables, write_env_file) -> None:
    set_variables(**REAL_SOURCE, **REAL_WAREHOUSE, DBT_PASSWORD="de-l-ancien-guide")
    assert load_settings().warehouse.password == "de-l-ancien-guide"
    assert load_settings().source.password == ""
    write_env_file("DWH_DB_PASSWORD=du-fichier\n")
    assert load_settings().warehouse.password == "du-fichier", "its own name wins, wherever it is"


def test_the_alias_is_read_from_the_file_as_well(set_variables, write_env_file) -> None:
    set_variables(**REAL_WAREHOUSE)
    write_env_file("DWH_DB_PASSWORD=\nDBT_PASSWORD='de l''ancien guide'\n".replace("''", " "))
    assert load_settings().warehouse.password == "de l ancien guide"


def test_the_alias_says_nothing_of_an_embedded_warehouse(set_variables) -> None:
    embedded = load_settings().warehouse.password
    set_variables(DBT_PASSWORD="d-un-autre-projet")
    assert load_settings().warehouse.password == embedded
