"""Type every command of every document as a new user would, and stop at the first that fails.

What is typed is read from the documents: a command written there is typed by the next run, unless
expectations.py says why not. `--list` types nothing and says what would be typed.
"""

import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from commands import ROOT, Command, read_commands
from expectations import BY_ADMINISTRATOR, NOT_TYPED, NOT_TYPED_LANGUAGES, TYPED, TYPED_FIRST
from programs import PROGRAMS, Programs
from reader import Expected, Reader, Serving


def main() -> int:
    """Type all of it; return 0 when every command did what the text says, else 1."""
    # Each help is asked for here, the three programs' own in the clone as well.
    programs = Programs.ask(ROOT)
    commands = read_commands(programs)
    shown = [*programs.examples(), *(f"{program} --help" for program in PROGRAMS)]
    commands += [Command(text, "--help") for text in shown]
    unknown = [command for command in commands if programs.unknown_options(command.text)]
    stale = {*NOT_TYPED, *TYPED} - {command.text for command in commands}
    if unknown or stale:
        for command in unknown:
            print(f"An option that its --help does not have: {command}")
        for text in sorted(stale):
            print(f"expectations.py has what no document has: {text}")
        return 1
    typed = []
    for command in dict.fromkeys(commands):
        reason = NOT_TYPED.get(command.text) or NOT_TYPED_LANGUAGES.get(command.language)
        if reason:
            print(f"not typed: {command}: {reason}")
        elif not command.text.startswith("--"):
            typed.append(command)
    if "--list" in sys.argv[1:]:
        print(*typed, sep="\n")
        return 0
    return _type_all(typed)


def _type_all(commands: list[Command]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="sigeti-documents-"))
    # As root, the embedded server runs as another user, who must get to its folder.
    folder.chmod(0o711)
    reader = Reader(folder)
    document, first = "", dict(TYPED_FIRST)
    serving = ExitStack()
    # Told to stop, it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    began = time.monotonic()
    try:
        for number, command in enumerate(commands, 1):
            if command.document != document:
                serving.close()
                document = command.document
            started = time.monotonic()
            expected = first.pop(command.text, None) or TYPED.get(command.text, Expected())
            if isinstance(expected, Serving):
                wrong = serving.enter_context(reader.serving(command, expected))
            elif command.language == "sql" and command.document in BY_ADMINISTRATOR:
                wrong = reader.ask_administrator(command)
            else:
                wrong = reader.type(command, expected)
            seconds = time.monotonic() - started
            print(f"{number}/{len(commands)} {command} ({seconds:.1f} s)", flush=True)
            if wrong:
                print(f"{command}: {wrong}")
                return 1
    finally:
        serving.close()
        reader.leave()
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{len(commands)} commands did what their text says, in {time.monotonic() - began:.0f} s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
