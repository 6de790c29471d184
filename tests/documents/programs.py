"""What the programs of the checkout say of themselves by --help."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

PROGRAMS = ("./run_tests.sh", "./run_pipeline.sh", "python3 monitor_dwh.py")
WORD = re.compile(r"^    ([a-z][a-z-]*)(?=\s)", re.MULTILINE)
OPTION = re.compile(r"^ +(?:-\w, )?(--[a-z][a-z-]*)( [A-Z{]\S*)?", re.MULTILINE)
WRITTEN = re.compile(r"(?<!\S)--[a-z][a-z-]*")
EXAMPLE = re.compile(r"^ +(\./run_\w+\.sh .*?)(?:   .*)?$", re.MULTILINE)


class Programs:
    """The programs and their words, each with its help."""

    def __init__(self, helps: dict[str, str]) -> None:
        self.helps = helps
        self._options = {
            program: {name: bool(value) for name, value in OPTION.findall(said)}
            for program, said in helps.items()
        }
        # The words before which a text may leave the program out; the file's name is one itself.
        self._words = {
            program.split()[-1]: program.rpartition(" ")[0]
            for program in helps
            if len(program.split()) > 1
        }

    @classmethod
    def ask(cls, root: Path) -> Self:
        """Ask the programs of a checkout; raise CalledProcessError when one does not answer."""

        def said(program: str) -> str:
            command = [*program.split(), "--help"]
            return subprocess.run(
                command, cwd=root, capture_output=True, text=True, check=True
            ).stdout

        helps = {program: said(program) for program in PROGRAMS}
        words = [
            f"{program} {word}"
            for program in PROGRAMS
            for word in WORD.findall(helps[program].partition("commands:\n")[2])
        ]
        with ThreadPoolExecutor() as threads:
            return cls(helps | dict(zip(words, threads.map(said, words), strict=True)))

    def complete(self, text: str) -> str:
        """Return a command with the program that the text left out before a word of its."""
        first, *more = text.split()
        if first in self._words and (more or first.endswith(".py")):
            return f"{self._words[first]} {text}"
        return text

    def has(self, command: str, option: str) -> bool:
        """Tell whether the program of a command has the option that a text begins with."""
        return _name(option) in self._options_of(command)

    def is_whole(self, command: str, option: str) -> bool:
        """Tell whether an option has the value that the command's program wants with it."""
        return not self._options_of(command)[_name(option)] or bool(re.search("[ =]", option))

    def unknown_options(self, text: str) -> list[str]:
        """Return the options of a command that no program in it has; of one alone, no program."""
        alone = text.startswith("--")
        asked = [one for one in self._options if alone or f"{one} " in f"{text} "]
        known = {"--help"}.union(*(self._options[one] for one in asked))
        return [name for name in WRITTEN.findall(text) if asked and name not in known]

    def examples(self) -> list[str]:
        """Return the commands that the helps show."""
        return [text for said in self.helps.values() for text in EXAMPLE.findall(said)]

    def _options_of(self, command: str) -> dict[str, bool]:
        fitting = [program for program in self._options if f"{program} " in f"{command} "]
        return self._options[max(fitting, key=len)] if fitting else {}


def _name(option: str) -> str:
    return re.split("[ =]", option)[0]
