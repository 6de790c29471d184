"""Type every command of every document as a new user would, and stop at the first that fails.

In a copy of the checkout, with an empty HOME, a clean environment, a crontab of its own and ports
that are free. What is typed is read from the documents: a command written there is typed by the
next run, unless expectations.py says why not.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from commands import Command, examples_of, read_commands
from expectations import NOT_TYPED, NOT_TYPED_LANGUAGES, TYPED, Expected, Serving, with_values

from sigeti_dwh.settings import ROOT

PASSWORD = "un-mot-de-passe"
SECONDS = 900
"""For one command; the first installs."""
PROGRAMS = ("./run_tests.sh", "./run_pipeline.sh", "python3 monitor_dwh.py")
WORD = re.compile(r"^    ([a-z][a-z-]*)(?=\s)", re.MULTILINE)
# How packages are reached from here is no setting of the project's.
KEPT = re.compile(r"(PIP|UV|SSL|REQUESTS_CA|CURL_CA)_\w+|\w+_proxy|PATH|LANG|TZ", re.IGNORECASE)
CRONTAB = """#!/bin/sh
file={folder}/crontab
case "$1" in
    -l) [ -e "$file" ] || {{ echo "no crontab for $(id -un)" >&2; exit 1; }}; cat "$file" ;;
    -) cat >"$file" ;;
esac
"""
SQL = """
import os, sys, psycopg
from sigeti_dwh.settings import load_settings
from sigeti_dwh.warehouse.database import connect
with connect(load_settings().warehouse) as connection:
    cursor = connection.execute(sys.argv[1])
    print(cursor.fetchall() if cursor.description else cursor.statusmessage)
"""


class Reader:
    """Somebody with a fresh clone who types what he reads."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "sigeti-dwh"
        self.home = folder / "home"
        self.home.mkdir()
        self.port = _free_port()
        _copy_checkout(self.clone)
        tools = folder / "bin"
        tools.mkdir()
        self._tool(tools / "crontab", CRONTAB.format(folder=folder))
        self._tool(tools / "systemctl", "#!/bin/sh\nexit 1\n")
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        self.environment = kept | {
            "HOME": str(self.home),
            # Last, what a reader has once he typed `. .venv/bin/activate`.
            "PATH": f"{tools}:{kept['PATH']}:{self.clone}/.venv/bin",
            "DWH_LOGIN_PASSWORD": PASSWORD,
            "PREFECT_SERVER_API_PORT": str(self.port),
        }

    def values(self) -> dict[str, str]:
        """Return what stands for the names in commands."""
        backups = sorted((self.clone / ".dwh" / "backups").glob("*.dump"))
        newest = str(backups[-1]) if backups else "no-backup-yet"
        return {
            r"\bNAME\b": "lecteur",
            r"\bDATABASE\b": "sigeti_dwh_a_cote",
            r"(?<=restore )FILE\b": newest,
            r"\bFILE\b": str(self.home / "written"),
            r"\S*sigeti_dwh_\d{8}_\d{6}\.dump": newest,
            r"/mnt/nas": str(self.home / "nas"),
            r"/path/to/python3\.\d+": str(Path(sys.base_prefix) / "bin" / "python3"),
            r"(?<=127\.0\.0\.1:)4200": str(self.port),
            r"(?<=PASSWORD=)…": PASSWORD,
        }

    def type(self, command: Command) -> str | None:
        """Type a command; return what was wrong, None when it did what the text says."""
        expected = TYPED.get(command.text, Expected())
        assert isinstance(expected, Expected)
        code, said = self._run(self._argv(command))
        wrong = []
        if code != expected.code:
            wrong.append(f"exit code {code} instead of {expected.code}")
        if not re.search(expected.says, said):
            wrong.append(f"it does not say {expected.says!r}")
        if "Traceback (most recent call last)" in said:
            wrong.append("it shows a trace")
        return f"{', '.join(wrong)}:\n{said}" if wrong else None

    @contextmanager
    def serving(self, command: Command) -> Iterator[str | None]:
        """Type a command that goes on; yield what was wrong, and stop it at the end."""
        expected = TYPED[command.text]
        assert isinstance(expected, Serving)
        log = self.home / "serving.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self._argv(command),
                cwd=self.clone,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            end = time.monotonic() + SECONDS
            said = ""
            while time.monotonic() < end and process.poll() is None:
                said = log.read_text(encoding="utf-8", errors="replace")
                if re.search(expected.says, said) and self._answers(expected.address):
                    yield None
                    return
                time.sleep(0.5)
            yield f"it does not say {expected.says!r}:\n{log.read_text(encoding='utf-8')}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def leave(self) -> None:
        """Stop the server that was started."""
        self._run(["./run_pipeline.sh", "stop"])

    def _answers(self, address: str) -> bool:
        host, _, port = with_values(address, self.values()).partition(":")
        with socket.socket() as probe:
            return not address or probe.connect_ex((host, int(port))) == 0

    def _argv(self, command: Command) -> list[str]:
        text = with_values(command.text, self.values())
        if command.language == "sql":
            return [str(self.clone / ".venv/bin/python"), "-P", "-c", SQL, text]
        return ["bash", "-c", text]

    def _run(self, argv: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            argv,
            cwd=self.clone,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    @staticmethod
    def _tool(path: Path, script: str) -> None:
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)


def main() -> int:
    """Type all of it; return 0 when every command did what the text says, else 1."""
    helps = {f"{program} --help": _help(program) for program in PROGRAMS}
    words = {"monitor_dwh.py": "python3"}
    for program in PROGRAMS:
        for word in WORD.findall(helps[f"{program} --help"].partition("commands:\n")[2]):
            words[word] = program
            helps[f"{program} {word} --help"] = _help(program, word)
    commands = read_commands(words)
    commands += [Command(text, "--help") for said in helps.values() for text in examples_of(said)]
    commands += [Command(text, "--help") for text in helps]
    typed, options = [], []
    for command in dict.fromkeys(commands):
        reason = NOT_TYPED.get(command.text) or NOT_TYPED_LANGUAGES.get(command.language)
        if reason:
            print(f"not typed: {command}: {reason}")
        else:
            (options if command.text.startswith("--") else typed).append(command)
    unknown = [
        str(command)
        for command in options
        if not re.search(rf"{command.text.split()[0].split('=')[0]}\b", "".join(helps.values()))
    ]
    stale = {*NOT_TYPED, *TYPED} - {command.text for command in commands}
    if unknown or stale:
        print("Options that no --help has:", *unknown, "Commands that no document has:", *stale)
        return 1
    return _type_all(typed)


def _type_all(commands: list[Command]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="sigeti-documents-"))
    # As root, the embedded server runs as another user, who must get to its folder.
    folder.chmod(0o711)
    reader = Reader(folder)
    document = ""
    serving = ExitStack()
    try:
        for number, command in enumerate(commands, 1):
            if command.document != document:
                serving.close()
                document = command.document
            started = time.monotonic()
            if isinstance(TYPED.get(command.text), Serving):
                wrong = serving.enter_context(reader.serving(command))
            else:
                wrong = reader.type(command)
            print(
                f"{number}/{len(commands)} {command} ({time.monotonic() - started:.0f} s)",
                flush=True,
            )
            if wrong:
                print(f"{command}: {wrong}")
                return 1
    finally:
        serving.close()
        reader.leave()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _help(program: str, *words: str) -> str:
    done = subprocess.run(
        [*program.split(), *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def _copy_checkout(clone: Path) -> None:
    """Copy what a clone of the next commit would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
