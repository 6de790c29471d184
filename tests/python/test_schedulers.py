"""The schedule without Prefect: what is written for systemd and cron, and what is left alone.

Both are played by scripts that keep what they are given as the real ones do, so that no schedule of
the developer's is touched.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sigeti_dwh import schedulers
from sigeti_dwh.errors import UserError
from sigeti_dwh.schedulers import crontab, jobs, systemd
from sigeti_dwh.schedulers.jobs import NAME, shorten_log

CRONTAB = """#!/bin/sh
file={folder}/crontab
case "$1" in
    -l) [ -e "$file" ] || {{ echo "no crontab for $(id -un)" >&2; exit 1; }}; cat "$file" ;;
    -) cat >"$file" ;;
    *) exit 2 ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{folder}/calls
[ "$1" = --user ] || exit 1
"""


class Machine:
    """A PATH with nothing but the tools that a test puts on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("sh", "cat", "id", "tail"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.units = folder / "config" / "systemd" / "user"

    def add(self, name: str, script: str) -> None:
        """Put a tool on the PATH."""
        path = self.bin / name
        path.write_text(script.format(folder=shlex.quote(str(self.folder))), encoding="utf-8")
        path.chmod(0o755)

    @property
    def crontab(self) -> list[str]:
        """Return the lines of the crontab."""
        return (self.folder / "crontab").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DWH_ENV_FILE")
    log = tmp_path / "état 100%" / "logs" / "night.log"
    for module in (jobs, crontab, systemd, schedulers.command):
        monkeypatch.setattr(module, "LOG", log)
    return machine


OTHERS = [
    "MAILTO=moi@sigeti.example",
    "# mine",
    "*/5 * * * * /usr/bin/true  # sigeti-dwh-other",
    "",
]


def test_crontab_keeps_every_other_line(machine: Machine) -> None:
    machine.add("crontab", CRONTAB)
    (machine.folder / "crontab").write_text("\n".join([*OTHERS, ""]))
    told = schedulers.install()
    assert machine.crontab[: len(OTHERS)] == OTHERS
    night, freshness = machine.crontab[len(OTHERS) :]
    assert night.startswith("0 2 * * * ") and freshness.startswith("0 7 * * * ")
    assert "next" in told and "night.log" in told
    assert night in schedulers.show() and OTHERS[2] not in schedulers.show()
    before = machine.crontab
    schedulers.install()
    assert machine.crontab == before, "installed twice, there once"
    assert "Removed from crontab" in schedulers.remove()
    assert machine.crontab == OTHERS
    assert "No schedule" in schedulers.remove() and "No schedule" in schedulers.show()


def test_a_first_crontab_is_made(machine: Machine) -> None:
    machine.add("crontab", CRONTAB)
    schedulers.install()
    assert len(machine.crontab) == 2


def test_cron_starts_what_the_line_says(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As cron does it: an escaped per cent sign is one, and sh gets a bare environment."""
    root = machine.folder / "un dépôt à 100%"
    root.mkdir()
    script = root / "run_pipeline.sh"
    script.write_text('#!/bin/sh\necho "$DWH_STATE_DIR: $*"\necho trouble >&2\n')
    script.chmod(0o755)
    monkeypatch.setattr(jobs, "ROOT", root)
    monkeypatch.setenv("DWH_STATE_DIR", "/srv/l'état")
    machine.add("crontab", CRONTAB)
    schedulers.install()
    for line in machine.crontab:
        command = line.split(maxsplit=5)[5].replace("\\%", "%")
        subprocess.run(["/bin/sh", "-c", command], env={"PATH": "/usr/bin:/bin"}, check=True)
    assert jobs.LOG.read_text() == "/srv/l'état: \ntrouble\n/srv/l'état: alert\ntrouble\n"


@pytest.mark.parametrize(("code", "mailed"), [(0, []), (1, ["the night", "fin"])])
def test_cron_can_mail_what_failed_and_nothing_else(
    code: int, mailed: list[str], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cron mails what a line prints."""
    root = machine.folder / "un dépôt"
    root.mkdir()
    script = root / "run_pipeline.sh"
    script.write_text(f"#!/bin/sh\nseq 100\necho fin >&2\nexit {code}\n")
    script.chmod(0o755)
    monkeypatch.setattr(jobs, "ROOT", root)
    machine.add("crontab", CRONTAB)
    schedulers.install()
    night = machine.crontab[0].split(maxsplit=5)[5].replace("\\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", night],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "" and len(done.stdout.splitlines()) <= 21
    assert all(word in done.stdout for word in mailed) and bool(done.stdout) == bool(mailed)
    assert len(jobs.LOG.read_text().splitlines()) == 101, "the log keeps all of it"


@pytest.mark.parametrize("every", [10, None])
def test_looks_between_nights_are_scheduled_when_asked_for(
    every: int | None, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the option, else by the setting."""
    machine.add("crontab", CRONTAB)
    monkeypatch.setenv("DWH_ENV_FILE", str(machine.folder / "settings"))
    (machine.folder / "settings").write_text("DWH_LOOK_HOURS=8-17\nDWH_LOOK_EVERY=30m\n")
    assert "look: " in schedulers.install(every=every)
    [look] = [line for line in machine.crontab if " --look " in line]
    assert look.startswith(f"*/{every or 30} 8-17 * * * ")


@pytest.mark.parametrize("kind", ["crontab", "systemctl"])
def test_backup_and_monitor_are_scheduled_when_asked_for(
    kind: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add(kind, {"crontab": CRONTAB, "systemctl": SYSTEMCTL}[kind])
    monkeypatch.setenv("DWH_ENV_FILE", str(machine.folder / "settings"))
    (machine.folder / "settings").write_text("DWH_BACKUP_SCHEDULE=45 4 * * *\n")

    def commands() -> str:
        if kind == "crontab":
            return "\n".join(machine.crontab)
        return "\n".join(path.read_text() for path in machine.units.iterdir())

    told = schedulers.install(["backup", "monitor"])
    assert "backup: 45 4 * * *" in told and "monitor: 15 7 * * *" in told
    assert len(schedulers.show().splitlines()) == 5, "four jobs and the log"
    assert "--alert" in commands() and "monitor_dwh.py" in commands()
    assert "--mail" not in commands(), "nobody gets mail"
    (machine.folder / "settings").write_text(
        "DWH_ALERT_MAIL_TO=a@sigeti.example\nDWH_SMTP_HOST=127.0.0.1\n"
    )
    schedulers.install(["monitor"])
    assert "--alert" not in commands(), "what was installed before is replaced"
    assert "--mail" in commands()
    assert kind[:6].replace("system", "systemd") in schedulers.remove()
    assert "No schedule" in schedulers.show()


def test_it_is_said_when_nobody_would_be_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add("crontab", CRONTAB)
    settings = machine.folder / "settings"
    monkeypatch.setenv("DWH_ENV_FILE", str(settings))
    settings.write_text("")
    assert "Nobody is told of a failure: set DWH_ALERT_MAIL_TO" in schedulers.install()
    settings.write_text("DWH_ALERT_WEBHOOKS=https://hooks.example/un-secret-assez-long\n")
    told = schedulers.install()
    assert "Nobody" not in told and "hooks.example" in told and "un-secret" not in told
    settings.write_text("DWH_REPORT_WEEKLY=chef@s.example:chef\nDWH_SMTP_HOST=127.0.0.1\n")
    assert "Morning report: chef@s.example:chef (DWH_REPORT_WEEKLY)" in schedulers.install()
    for wrong in ("DWH_ALERT_WEBHOOKS", "DWH_REPORT_DAILY"):
        settings.write_text(f"{wrong}=nonsense\n")
        with pytest.raises(UserError, match=wrong):
            schedulers.install()


def test_systemd_is_preferred_and_replaces_the_crontab(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add("crontab", CRONTAB)
    schedulers.install()
    machine.add("systemctl", SYSTEMCTL)
    monkeypatch.setenv("DWH_STATE_DIR", '/srv/"état" 100%')
    told = schedulers.install()
    assert machine.crontab == []
    assert "enable-linger" in told, "without loginctl, an administrator has to help"
    names = {
        f"{NAME}-{job}.{kind}" for job in ("night", "freshness") for kind in ("timer", "service")
    }
    assert {path.name for path in machine.units.iterdir()} == names
    timer = (machine.units / f"{NAME}-night.timer").read_text()
    assert "OnCalendar=*-*-* 2:0:00 Africa/Abidjan\n" in timer and "Persistent=true" in timer
    service = (machine.units / f"{NAME}-night.service").read_text()
    assert 'Environment="DWH_STATE_DIR=/srv/\\"état\\" 100%%"' in service
    assert "OnCalendar=*-*-* 7:0:00" in schedulers.show()
    calls = (machine.folder / "calls").read_text().splitlines()
    assert f"--user enable {NAME}-night.timer {NAME}-freshness.timer" in calls
    assert "Removed from systemd" in schedulers.remove()
    assert list(machine.units.iterdir()) == []
    assert (
        f"--user disable --now {NAME}-freshness.timer {NAME}-night.timer"
        in (machine.folder / "calls").read_text().splitlines()
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's programs")
def test_systemd_accepts_the_units(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    root = machine.folder / "un dépôt à $100%"
    root.mkdir()
    (root / "run_pipeline.sh").write_text("#!/bin/sh\n")
    (root / "run_pipeline.sh").chmod(0o755)
    monkeypatch.setattr(jobs, "ROOT", root)
    monkeypatch.setenv("DWH_STATE_DIR", '/srv/"état" 100%')
    monkeypatch.setenv("DWH_SCHEDULE", "0 2 1 * MON")
    machine.add("systemctl", SYSTEMCTL)
    monkeypatch.setattr(schedulers.command, "carried_environment", lambda file: {"A": "b c"})
    schedulers.install()
    done = subprocess.run(
        ["/usr/bin/systemd-analyze", "verify", "--man=no", *machine.units.iterdir()],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(machine.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert NAME not in done.stderr, done.stderr


def test_without_either_it_is_said(machine: Machine) -> None:
    with pytest.raises(UserError, match="Neither does systemd"):
        schedulers.install()
    assert "No schedule" in schedulers.show() and "No schedule" in schedulers.remove()


@pytest.mark.parametrize("tool", ["crontab", "systemctl"])
def test_a_tool_that_refuses_is_quoted(tool: str, machine: Machine) -> None:
    refusing = '#!/bin/sh\n[ "$2" = show ] || {{ echo "you are not allowed" >&2; exit 1; }}\n'
    machine.add(tool, refusing)
    with pytest.raises(UserError, match="you are not allowed"):
        schedulers.install()


def test_a_systemd_that_does_not_run_for_the_user_leaves_it_to_cron(machine: Machine) -> None:
    machine.add("systemctl", "#!/bin/sh\necho 'Failed to connect to bus' >&2; exit 1\n")
    machine.add("crontab", CRONTAB)
    schedulers.install()
    assert len(machine.crontab) == 2 and not machine.units.exists()


def test_settings_of_this_shell_alone_are_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add("crontab", CRONTAB)
    monkeypatch.setenv("DWH_DB_PASSWORD", "un-secret")
    with pytest.raises(UserError) as refused:
        schedulers.install()
    assert "DWH_DB_PASSWORD" in str(refused.value) and "un-secret" not in str(refused.value)
    assert not (machine.folder / "crontab").exists()
    (machine.folder / "settings").write_text("DWH_DB_PASSWORD=un-secret\n")
    monkeypatch.setenv("DWH_ENV_FILE", str(machine.folder / "settings"))
    schedulers.install()
    assert not any("un-secret" in line for line in machine.crontab)


def test_the_log_is_shortened_under_who_appends_to_it(tmp_path: Path) -> None:
    log = tmp_path / "night.log"
    shorten_log(log, limit=10)
    with log.open("a") as appending:
        print("a first night", file=appending, flush=True)
        shorten_log(log, limit=10)
        print("a second", file=appending, flush=True)
        shorten_log(log, limit=10)
    assert log.read_text() == "a second\n"
    assert (tmp_path / "night.1.log").read_text() == "a first night\n"
