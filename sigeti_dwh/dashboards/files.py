"""The generated files of bi/, written from the specification."""

import json
from pathlib import Path

import yaml

from sigeti_dwh.dashboards import grafana, superset
from sigeti_dwh.dashboards.specification import Specification, read_specification
from sigeti_dwh.settings import ROOT

FOLDER = ROOT / "bi"


def generated(specification: Specification) -> dict[Path, str]:
    """Return the content of each generated file, by its path below bi/."""
    files = {
        Path("grafana", "dashboards", f"{name}.json"): _json(model)
        for name, model in grafana.dashboards(specification).items()
    }
    for name, content in superset.bundle(specification).items():
        files[Path("superset", "bundle", name)] = as_yaml(content)
    return files


def generate(folder: Path = FOLDER) -> list[Path]:
    """Write the generated files that differ; return which."""
    changed = []
    for name, content in generated(read_specification()).items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            changed.append(path)
    return changed


def left_over(folder: Path = FOLDER) -> list[Path]:
    """Return the files that were generated once, and are no more: as of an area that is off."""
    expected = {folder / name for name in generated(read_specification())}
    written = (
        path
        for generated_in in ("grafana/dashboards", "superset/bundle")
        for path in (folder / generated_in).rglob("*")
    )
    return sorted(path for path in written if path.is_file() and path not in expected)


def as_yaml(content: object) -> str:
    """Return YAML that people can read: accents as they are, keys in their order."""
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=90)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
