"""The report as one page of HTML that asks for nothing, as PDF, and as the body of a mail."""

import json
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment

from sigeti_dwh.morning.content import Report

HERE = Path(__file__).parent


def as_html(report: Report) -> str:
    """Return the page; what names hold is escaped."""
    return _filled("page.html", report)


def as_mail(report: Report) -> str:
    """Return the body of a mail, which shows key figures alone: mail programs leave out SVG."""
    return _filled("mail.html", report)


def as_pdf(report: Report) -> bytes:
    """Return the PDF, laid out with the fonts that typst brings, the same on each machine."""
    import typst

    made: bytes = typst.compile(
        (HERE / "page.typ").read_bytes(),
        sys_inputs={"report": json.dumps(asdict(report))},
        ignore_system_fonts=True,
    )
    return made


def _filled(name: str, report: Report) -> str:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((HERE / name).read_text(encoding="utf-8"))
    return template.render(report=report)
