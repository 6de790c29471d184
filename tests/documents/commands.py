"""The commands that the documents tell their readers to type."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sigeti_dwh.settings import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "prefect/README.md", ".env.example", "docs/**/*.md")
# Nothing is typed in it: mermaid draws, and what a command prints has no language.
LANGUAGES = {"sh": "sh", "bash": "sh", "sql": "sql", "powershell": "powershell"}
# Programs that a reader may have and this machine has not.
PROGRAMS = {
    "schtasks",
    "wsl",
    "wsl.exe",
    "loginctl",
    "crontab",
    "apt",
    "curl",
    "psql",
    "docker",
    "brew",
}
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
EXAMPLE = re.compile(r"^ +(\./run_\w+\.sh .*?)(?:   .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One thing to type, and where it is said."""

    text: str
    document: str
    language: str = "sh"

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"


def read_commands(words: dict[str, str]) -> list[Command]:
    """Return the commands of all documents, each where it is said first.

    `words` leads from a program's words, before which a text may leave the program out, to it.
    """
    found: dict[tuple[str, str], Command] = {}
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            for command in commands_of(path, words):
                found.setdefault((command.language, command.text), command)
    return list(found.values())


def commands_of(path: Path, words: dict[str, str]) -> Iterator[Command]:
    """Yield the commands of a document's code blocks, tables and sentences.

    An option that stands alone belongs to the command before it in its table or paragraph; without
    one, it is yielded alone.
    """
    document = str(path.relative_to(ROOT))
    before = ""
    in_table = False
    for token in _tokens(path):
        in_table = token.type == "table_open" or (in_table and token.type != "table_close")
        if not in_table and token.type == "inline":
            before = ""
        if token.type == "fence" and token.info in LANGUAGES:
            language = LANGUAGES[token.info]
            split = _statements if language == "sql" else _lines
            for text in split(token.content):
                yield Command(text, document, language)
        elif token.type in ("fence", "code_block"):
            for text in _lines(token.content):
                if is_command(text):
                    yield Command(text, document)
        for span in _spans(token):
            first, *more = span.split()
            if first in words and (more or first == "monitor_dwh.py"):
                span = f"{words[first]} {span}"
            if is_command(span):
                before = span
                yield Command(span, document)
            elif span.startswith("--"):
                yield Command(f"{before} {span}".strip(), document)


def examples_of(help_text: str) -> list[str]:
    """Return the commands that a --help shows."""
    return EXAMPLE.findall(help_text)


def is_command(text: str) -> bool:
    """Tell whether a piece of code starts a program, and is not the mere name of one."""
    words = text.split()
    while words and ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    if not words:
        return False
    program = words[0]
    if program.startswith((".venv/bin/", "/path/to/")):
        return True
    if "/" in program:
        path = ROOT / program
        return path.is_file() and os.access(path, os.X_OK)
    installed = shutil.which(program, path=f"{ROOT}/.venv/bin:{os.environ['PATH']}")
    return len(words) > 1 and (installed is not None or program in PROGRAMS)


def _tokens(path: Path) -> list[Token]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        text = "\n".join(
            line.removeprefix("# ") if line[:1] == "#" else "" for line in text.splitlines()
        )
    return MarkdownIt("commonmark").enable("table").parse(text)


def _spans(token: Token) -> list[str]:
    return [
        child.content.strip()
        for child in token.children or []
        if child.type == "code_inline" and child.content.strip()
    ]


def _lines(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#\s.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _statements(block: str) -> list[str]:
    bare = re.sub(r"--\s.*$", "", block, flags=re.MULTILINE)
    return [" ".join(statement.split()) for statement in bare.split(";") if statement.strip()]
