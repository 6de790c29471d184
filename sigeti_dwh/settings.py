"""Where the source and the warehouse are: the environment over `.env` over the embedded server."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import parse_stream

from sigeti_dwh.areas import area_of, areas_on, source_variable
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.spark.server import SparkServer, is_chosen, read_server

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / (os.environ.get("DWH_STATE_DIR") or ".dwh")
"""Everything the project writes at run time; a relative DWH_STATE_DIR starts at the checkout."""
MADE = ROOT if os.access(ROOT, os.W_OK) else STATE
"""Where target/, logs/ and profiles.yml are: with the state if the checkout cannot be written."""

EMBEDDED_DATABASES = {"source": "sigeti_node_db", "warehouse": "sigeti_dwh"}
SPARK_RECORDS = "sigeti_dwh_spark"
"""The embedded database of the records of a warehouse whose tables are on Spark."""
PREFIXES = {"source": "SOURCE_DB", "warehouse": "DWH_DB"}
# What the guide of the earlier warehouse calls DWH_DB_PASSWORD.
FORMER_NAME = "DBT_PASSWORD"
LAYER_SCHEMAS = ("staging", "snapshots", "dimensions", "facts", "preparation", "marts", "qualite")
# libpq's own settings of where and how to connect, which fill what a connection leaves open.
LIBPQ = (
    *("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSERVICE"),
    *("PGSERVICEFILE", "PGOPTIONS", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGDATESTYLE"),
    *("PGTZ", "PGGEQO", "PGCLIENTENCODING", "PGSSLMODE", "PGREQUIRESSL", "PGAPPNAME"),
)
TLS_FILES = ("sslrootcert", "sslcert", "sslkey")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class Server:
    """One PostgreSQL database to connect to."""

    role: str
    """`source` or `warehouse`, for messages."""
    host: str
    port: int
    name: str
    user: str
    password: str
    sslmode: str
    embedded: bool
    sslrootcert: str = ""
    """The file of the authority that vouches for the server; libpq's own default when empty."""
    sslcert: str = ""
    """The file of the certificate that we show, none when empty."""
    sslkey: str = ""

    @property
    def tls(self) -> dict[str, str]:
        """Return how a connection is secured, by libpq's names; what is not set is left out."""
        named = {"sslmode": self.sslmode} | {name: getattr(self, name) for name in TLS_FILES}
        return {name: value for name, value in named.items() if value}

    @property
    def demands_tls(self) -> bool:
        """Tell whether nothing but TLS will do."""
        return self.sslmode in ("require", "verify-ca", "verify-full")

    def for_readers(self, prefix: str) -> list[str]:
        """Return the lines that tell how to read the marts."""
        return [
            f"Connect a BI tool:   PostgreSQL, host {self.host}, port {self.port}, "
            f"database {self.name}, schemas {prefix}_marts_*;",
            "                     a login: ./run_pipeline.sh roles, then "
            "roles --login NAME --role bi_reader --zones all",
        ]

    def __str__(self) -> str:
        """Name the database as a message shows it, never the password."""
        return f"{self.role} database {self.name} on {self.host}:{self.port} (user {self.user})"


@dataclass(frozen=True)
class Settings:
    """The two databases of a run and how the warehouse is built."""

    source: Server
    warehouse: Server
    schema: str = "dwh"
    source_schema: str = "public"
    """Where the source's tables are."""
    threads: int = 4
    layer_minutes: float = 120
    """How long a layer may take."""
    night_minutes: float = 300
    """How long all layers together may take."""
    loss_share: float = 0.5
    """The share of its rows that a source table may lose from one accepted load to the next."""
    areas: Mapping[str, str] = field(default_factory=dict)
    """Where the data of each optional area that is on comes from: a folder or an address."""
    spark: SparkServer | None = None
    """Where the tables are, when not in `warehouse`; that then keeps the records alone."""

    @property
    def one_database(self) -> bool:
        """Tell whether the warehouse lives in the source's own database."""
        return self.spark is None and _place(self.source) == _place(self.warehouse)

    @property
    def embedded(self) -> bool:
        """Tell whether a side is on the embedded server."""
        return self.source.embedded or self.warehouse.embedded

    def environment(self) -> dict[str, str]:
        """Return the connection variables in force, the embedded server's included."""
        variables: dict[str, str] = {}
        for side in (self.source, self.warehouse):
            prefix = PREFIXES[side.role]
            variables |= {
                f"{prefix}_HOST": side.host,
                f"{prefix}_PORT": str(side.port),
                f"{prefix}_NAME": side.name,
                f"{prefix}_USER": side.user,
                f"{prefix}_PASSWORD": side.password,
                f"{prefix}_SSLMODE": side.sslmode,
                **{f"{prefix}_{name.upper()}": getattr(side, name) for name in TLS_FILES},
            }
        if self.spark is not None:
            variables |= self.spark.environment()
        return variables | {"DWH_DB_SCHEMA": self.schema, "SOURCE_DB_SCHEMA": self.source_schema}


def load_settings() -> Settings:
    """Read the settings in force; nothing is started.

    From then on this process heeds none of libpq's own variables that lead to a server.

    Raises UserError, naming the variable, when a value cannot be used.
    """
    variables = read_variables()
    for name in LIBPQ:
        os.environ.pop(name, None)
    return Settings(
        source=_server("source", variables),
        warehouse=_server("warehouse", variables),
        schema=_schema(variables.get("DWH_DB_SCHEMA", "")),
        source_schema=variables.get("SOURCE_DB_SCHEMA", "").strip() or "public",
        threads=_integer(variables, "DWH_THREADS", 4, 1, 64),
        layer_minutes=_integer(variables, "DWH_LAYER_MINUTES", 120, 1, 100_000),
        night_minutes=_integer(variables, "DWH_NIGHT_MINUTES", 300, 1, 100_000),
        loss_share=_share(variables, "DWH_LOSS_SHARE", 0.5),
        areas={area: _area_source(variables, area) for area in areas_on(variables)},
        spark=read_server(variables, _integer(variables, "DWH_SPARK_PORT", 10000, 1, 65535)),
    )


def env_file() -> Path:
    """Return the file of settings: `.env` of the checkout unless DWH_ENV_FILE names another."""
    return ROOT / (os.environ.get("DWH_ENV_FILE") or ".env")


def read_variables() -> dict[str, str]:
    """Return the variables of the settings file with those of the environment over them."""
    return {**read_file(env_file()), **os.environ}


def project_files(root: Path, *patterns: str) -> list[Path]:
    """Return the files below `root` that match, but for those of optional areas that are off."""
    on = areas_on(read_variables())
    return sorted(
        path
        for pattern in patterns
        for path in root.glob(pattern)
        if area_of(str(path.relative_to(root))) in (None, *on)
    )


def embedded_server(variables: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Return the embedded server of the checkout, running or not."""
    if variables is None:
        variables = read_variables()
    port = _integer(variables, "DWH_EMBEDDED_PORT", 0, 1, 65535) or None
    return EmbeddedServer(STATE / "postgres", port)


def read_file(path: Path) -> dict[str, str]:
    """Return the variables of a settings file; raise UserError when it cannot be read."""
    if path == ROOT / ".env" and not path.exists():
        return {}
    values: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text.\nSave it as UTF-8 and run again.") from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}.\n"
            "Run as its owner, or name another file: DWH_ENV_FILE=/path/to/settings."
        ) from None
    for binding in bindings:
        if binding.error or (binding.key and binding.value is None):
            raise UserError(
                f"{path}, line {binding.original.line}: not KEY=VALUE.\n"
                "Put a value with spaces or quotes between single quotes."
            )
        if binding.key and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _server(role: str, variables: Mapping[str, str]) -> Server:
    prefix = PREFIXES[role]
    files = (name.upper() for name in TLS_FILES)
    parts = ("HOST", "PORT", "NAME", "USER", "PASSWORD", "SSLMODE", *files)
    given = {part: variables.get(f"{prefix}_{part}", "") for part in parts}
    for part, value in given.items():
        if any(ord(character) < 32 for character in value):
            raise UserError(f"{prefix}_{part} holds a line break or another control character.")
    if not given["HOST"]:
        stray = [f"{prefix}_{part}" for part, value in given.items() if value]
        if stray:
            raise UserError(
                f"{', '.join(stray)} set, but {prefix}_HOST is not.\n"
                f"Set {prefix}_HOST to use a server of yours as {role}, or empty the others."
            )
        server = embedded_server(variables)
        records_alone = role == "warehouse" and is_chosen(variables)
        return Server(
            role=role,
            host=server.host,
            port=server.port,
            name=SPARK_RECORDS if records_alone else EMBEDDED_DATABASES[role],
            user=server.user,
            password=server.password,
            sslmode="disable",
            embedded=True,
        )
    missing = [f"{prefix}_{part}" for part in ("NAME", "USER") if not given[part]]
    if missing:
        raise UserError(f"{prefix}_HOST is set, but {' and '.join(missing)} not.\nSet them too.")
    if role == "warehouse":
        given["PASSWORD"] = given["PASSWORD"] or variables.get(FORMER_NAME, "")
    sslmode = given["SSLMODE"] or "prefer"
    if sslmode not in SSL_MODES:
        raise UserError(
            f"{prefix}_SSLMODE is {sslmode!r}.\nIt can be one of {', '.join(SSL_MODES)}."
        )
    return Server(
        role=role,
        host=given["HOST"],
        port=_integer(variables, f"{prefix}_PORT", 5432, 1, 65535),
        name=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"],
        sslmode=sslmode,
        embedded=False,
        **{name: _tls_file(variables, prefix, name) for name in TLS_FILES},
    )


def _tls_file(variables: Mapping[str, str], prefix: str, name: str) -> str:
    """Return the full name of a certificate's file, libpq's own variable serving both sides.

    A relative one starts at the checkout: a scheduled night starts elsewhere.
    """
    variable = f"{prefix}_{name.upper()}"
    if not variables.get(variable):
        variable = f"PG{name.upper()}"
    value = variables.get(variable, "")
    if not value or (name, value) == ("sslrootcert", "system"):
        return value
    path = ROOT / Path(value).expanduser()
    try:
        path.open("rb").close()
    except OSError as error:
        raise UserError(
            f"{variable} is {path}, which cannot be read: {error.strerror}.\n"
            "Put that file there, readable to who runs the nights, or correct the name."
        ) from None
    return str(path)


def area_demo(area: str) -> Path:
    """Return the folder of an area's demo files."""
    return STATE / "demo" / area


def own_documents(area: str) -> Path:
    """Return the folder of what this installation tells an area itself, beside its source."""
    return STATE / "documents" / area


def _area_source(variables: Mapping[str, str], area: str) -> str:
    """Return what an area's variable says, a folder by its full name; the demo when it is empty.

    Whether it can be read, the load of that area tells: no other waits for it.
    """
    given = variables.get(source_variable(area), "").strip()
    if "://" in given:
        return given
    return str(ROOT / Path(given).expanduser() if given else area_demo(area))


def _place(server: Server) -> tuple[str, int, str]:
    return server.host, server.port, server.name


def _integer(variables: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = variables.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise UserError(f"{name} is {text!r}.\nIt must be a whole number from {low} to {high}.")
    return int(text)


def _share(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"0|1|[01]?\.\d{1,9}", text, re.ASCII) or float(text) > 1:
        raise UserError(f"{name} is {text!r}.\nIt must be a number from 0 to 1, as in 0.5.")
    return float(text)


def _schema(text: str) -> str:
    # PostgreSQL cuts names at 63 bytes, and the longest schema is <prefix>_marts_operationnel.
    if text and not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,39}", text):
        raise UserError(
            f"DWH_DB_SCHEMA is {text!r}.\n"
            "It must be at most 40 lower-case letters, digits and underscores, not starting by pg_."
        )
    # Rights depend on the layer, which a schema's name ends with (rights.sql).
    if re.search(rf"_({'|'.join(LAYER_SCHEMAS)})(_[a-z]+)?$", text):
        raise UserError(
            f"DWH_DB_SCHEMA is {text!r}, which reads like a schema of a warehouse.\n"
            f"It must not end like one of its layers: _{', _'.join(LAYER_SCHEMAS)}."
        )
    return text or "dwh"
