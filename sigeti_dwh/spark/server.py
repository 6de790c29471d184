"""Where Spark's Thrift server is, and how to log in: DWH_SPARK_* of the settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sigeti_dwh.errors import UserError

ENGINES = ("postgres", "spark")
LOGINS = ("NONE", "NOSASL", "LDAP", "CUSTOM", "KERBEROS")
"""What hive.server2.authentication of the server can be."""
WITH_PASSWORD = ("LDAP", "CUSTOM")
FIRST = {"use:database": "spark_catalog.default"}
"""Where a session begins: PyHive says `use default`, which a catalog of Iceberg may lack."""
NAME = re.compile(r"[A-Za-z_]\w{0,62}", re.ASCII)


@dataclass(frozen=True)
class SparkServer:
    """One Thrift server of a cluster, and the Iceberg catalog that the warehouse is built in."""

    host: str
    port: int
    auth: str
    """One of LOGINS."""
    user: str
    password: str
    kerberos_service: str
    catalog: str

    @property
    def opening(self) -> list[str]:
        """Return the statements with which each session begins, whatever the server has set."""
        settings = {
            # A session that kept what it knows of a table would not see what another has written.
            f"spark.sql.catalog.{self.catalog}.cache-enabled": "false",
            # A number that overflows, or a text that is no number, is an error and not null.
            "spark.sql.ansi.enabled": "true",
            "spark.sql.session.timeZone": "UTC",
            # The source's stands in the statements that read it, which the server logs and lists.
            "spark.sql.redaction.string.regex": r"(?i)password '([^'\\]|\\.)*'",
        }
        pinned = [f"set `{name}`={value}" for name, value in settings.items()]
        return [*pinned, f"use {self.catalog}"]

    def environment(self) -> dict[str, str]:
        """Return the variables that lead here."""
        return {
            "DWH_ENGINE": "spark",
            "DWH_SPARK_HOST": self.host,
            "DWH_SPARK_PORT": str(self.port),
            "DWH_SPARK_AUTH": self.auth,
            "DWH_SPARK_USER": self.user,
            "DWH_SPARK_PASSWORD": self.password,
            "DWH_SPARK_KERBEROS_SERVICE": self.kerberos_service,
            "DWH_SPARK_CATALOG": self.catalog,
        }

    def for_readers(self, prefix: str) -> list[str]:
        """Return the lines that tell how to read the marts."""
        return [
            f"Connect a BI tool:   Spark (HiveServer2), host {self.host}, port {self.port}, "
            f"catalog {self.catalog}, schemas {prefix}_marts_*"
        ]

    def __str__(self) -> str:
        """Name the server as a message shows it, never the password."""
        return f"Spark catalog {self.catalog} on {self.host}:{self.port} (user {self.user})"


def nowhere() -> SparkServer:
    """Return what the variables say where the engine is PostgreSQL."""
    return SparkServer("", 10000, "NONE", "", "", "", "")


def is_chosen(variables: Mapping[str, str]) -> bool:
    """Tell whether the engine is Spark; raise UserError for one that there is not."""
    engine = variables.get("DWH_ENGINE", "").strip().lower() or "postgres"
    if engine not in ENGINES:
        raise UserError(f"DWH_ENGINE is {engine!r}.\nIt can be one of {', '.join(ENGINES)}.")
    return engine == "spark"


def read_server(variables: Mapping[str, str], port: int) -> SparkServer | None:
    """Return the server of the settings; None when the engine is PostgreSQL.

    Raises UserError, naming the variable, when a value cannot be used.
    """
    given = {
        name: variables.get(f"DWH_SPARK_{name}", "").strip()
        for name in ("HOST", "AUTH", "USER", "PASSWORD", "KERBEROS_SERVICE", "CATALOG")
    }
    if not is_chosen(variables):
        return None
    missing = [f"DWH_SPARK_{name}" for name in ("HOST", "CATALOG") if not given[name]]
    if missing:
        raise UserError(
            f"DWH_ENGINE is spark, but {' and '.join(missing)} not set.\n"
            "Set them in .env to a Thrift server and its Iceberg catalog (docs/spark.md); to try "
            "it here: ./run_pipeline.sh spark-demo"
        )
    auth = given["AUTH"].upper() or "NONE"
    if auth not in LOGINS:
        raise UserError(f"DWH_SPARK_AUTH is {auth!r}.\nIt can be one of {', '.join(LOGINS)}.")
    if bool(given["PASSWORD"]) != (auth in WITH_PASSWORD):
        raise UserError(
            f"DWH_SPARK_PASSWORD is {'set' if given['PASSWORD'] else 'not set'}, and "
            f"DWH_SPARK_AUTH is {auth}.\n"
            f"A password goes with {' or '.join(WITH_PASSWORD)}, and with nothing else."
        )
    if not NAME.fullmatch(given["CATALOG"]):
        raise UserError(
            f"DWH_SPARK_CATALOG is {given['CATALOG']!r}.\n"
            "It must be letters, digits and underscores, as in spark.sql.catalog.NAME."
        )
    service = given["KERBEROS_SERVICE"] or ("hive" if auth == "KERBEROS" else "")
    return SparkServer(
        host=given["HOST"],
        port=port,
        auth=auth,
        user=given["USER"] or "sigeti",
        password=given["PASSWORD"],
        kerberos_service=service,
        catalog=given["CATALOG"],
    )
