"""The commands that the documents tell their readers to type."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from programs import Programs

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "prefect/README.md", ".env.example", "docs/**/*.md")
# Nothing is typed in another: mermaid draws, and what a command prints has no language.
LANGUAGES = {"sh": "sh", "bash": "sh", "sql": "sql", "dotenv": "dotenv", "powershell": "powershell"}
# Programs that a reader may have and this machine has not.
ELSEWHERE = {
    *("schtasks", "wsl", "wsl.exe", "loginctl", "crontab"),
    *("apt", "brew", "curl", "docker", "psql"),
}
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
# A dollar-quoted body and a text hold semicolons that end nothing.
STATEMENT = re.compile(r"(?:\$(\w*)\$.*?\$\1\$|'[^']*'|[^;])+", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One thing to type, and where it is said."""

    text: str
    document: str
    language: str = "sh"
    exported: str = ""
    """What its block exports before it."""

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"


def read_commands(programs: Programs) -> list[Command]:
    """Return the commands of all documents, each where it is said first.

    Settings hold from where a document says them: its commands after them are others, even where
    they read the same, and such documents come last.
    """
    documents: dict[str, list[Command]] = {}
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            documents[str(path.relative_to(ROOT))] = list(commands_of(path, programs))
    found: dict[tuple[str, str, str], Command] = {}
    under = ""
    for name in sorted(documents, key=lambda name: _sets(documents[name])):
        for command in documents[name]:
            under = name if command.language == "dotenv" else under
            found.setdefault((under, command.language, command.text), command)
    return list(found.values())


def commands_of(path: Path, programs: Programs) -> Iterator[Command]:
    """Yield the commands of a document's code blocks, tables and sentences.

    An option that stands alone belongs to the nearest command before it, in its table or paragraph,
    whose program has it: it is yielded with that command, or not at all when its value is left out;
    alone when no command there has it.
    """
    document = str(path.relative_to(ROOT))
    before: list[str] = []
    in_table = False
    for token in _tokens(path):
        in_table = token.type == "table_open" or (in_table and token.type != "table_close")
        if not in_table and token.type == "inline":
            before = []
        if token.type in ("fence", "code_block"):
            yield from _commands_of_block(token, document)
        for span in _spans(token):
            text = programs.complete(span)
            if text.startswith("--"):
                owner = next((one for one in before if programs.has(one, text)), None)
                if owner is None or programs.is_whole(owner, text):
                    yield Command(f"{owner or ''} {text}".strip(), document)
            elif is_command(text):
                before.insert(0, text)
                yield Command(text, document)


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
    return len(words) > 1 and (installed is not None or program in ELSEWHERE)


def _commands_of_block(token: Token, document: str) -> Iterator[Command]:
    """Yield what a block has to type: all of it when it has a language, else its commands."""
    language = LANGUAGES.get(token.info) if token.type == "fence" else None
    exported = ""
    for text in _statements(token.content) if language == "sql" else _lines(token.content):
        exports = text.startswith("export ")
        if language or exports or is_command(text):
            yield Command(text, document, language or "sh", exported)
        if exports:
            exported += f"{text}; "


def _sets(commands: list[Command]) -> bool:
    return any(command.language == "dotenv" for command in commands)


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
    statements = (" ".join(match[0].split()) for match in STATEMENT.finditer(bare))
    return [statement for statement in statements if statement]
