"""No model, data test or macro of values knows its engine, but for the macros that are its own."""

import re
from pathlib import Path

import pytest

from sigeti_dwh.areas import AREAS
from sigeti_dwh.settings import ROOT

FOLDERS = (
    *("models", "tests/dbt", "macros/values", "macros/versions", "macros/testing"),
    *(f"macros/{area}" for area in AREAS),
)
OWN = {
    "tests/dbt/integrity/assert_tables_keep_their_primary_key.sql": "its catalogue",
}
"""Files of PostgreSQL's alone, and why."""
TRAPS = {
    # Silently decimal(10, 0) on Spark; the others are no SQL there.
    "numeric without a precision": r"\bas\s+numeric\b(?!\s*\()",
    "a cast by ::": r"::",
    "a shift of bits": r"(?<![#-])(<<|>>)",
    "at time zone": r"\bat time zone\b",
    "a string with escapes": r"(?<![\w'])E'",
    "a path of JSON": r"#>|->|\bjsonb_",
    "a type of PostgreSQL's": (
        r"\bas\s+(text|timestamptz|timestamp with(out)? time zone|double precision|jsonb)\b"
    ),
    "a function of PostgreSQL's": (
        r"\b(generate_series|unnest|string_agg|array_agg|normalize|regexp_\w+|substring)\s*\("
    ),
    "a catalogue": r"\bpg_\w+|\binformation_schema\b|\bto_regclass\b",
    "the day of the week": r"\b(iso)?dow\b",
    "distinct on": r"\bdistinct\s+on\b",
    "a named window with a frame": r"\bover\s*\(\s*(?!(rows|range)\b)\w+\s+(rows|range)\b",
    # Spark reads two texts, and joins them.
    "a quote in a text": r"(?<=\w)''(?=\w)",
    "percentile_cont": r"\bpercentile_cont\b",
    # PostgreSQL rounds a number that becomes whole, Spark cuts it.
    "a number that is cut": r"cast\(\s*\{\{ (json|document)_number\([^}]*\}\} as (integer|bigint)",
    "a power": r"(?<=[\w)}]) \^ (?=[\w({])",
    "an interval": r"\binterval '|\bextract\(epoch\b",
    "ltrim": r"\b[lr]trim\(",
    "a difference of days": r"reference_date\(\)\s*\}\}\s*-|\bdate_\w+ - (\w+\.)?date_\w+",
}
ORDER = re.compile(r"(?<!group )\(((?:[^()]|\(\))*?\border\s+by\s[^()]*)\)", re.IGNORECASE)
NULLS_ARE_KNOWN = re.compile(
    r"(\bnulls (first|last)|_id|_key|date_jour|premier_jour_mois|etape|numero_version|valid_from"
    r"|\brang)'?$"
)
# Within braces ~ joins texts.
BETWEEN_BRACES = {"a regular expression": r"(?<=[\s)])!?~\*?(?=[\s'])"}
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
OF_POSTGRESQL = re.compile(r"\{%-? macro postgres__.*?\{%-? endmacro -?%\}", re.DOTALL)
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.sql"))]


def traps(text: str) -> list[str]:
    """Return what another engine would read in another way, or not at all."""
    text = OF_POSTGRESQL.sub("", COMMENT.sub("", text))
    outside = BRACES.sub("", text)
    return [
        f"{trap}: {found[0].strip()}"
        for patterns, searched in ((TRAPS, text), (BETWEEN_BRACES, outside))
        for trap, pattern in patterns.items()
        if (found := re.search(pattern, searched, re.IGNORECASE))
    ] + [f"an order of nulls: {column}" for column in _orders_nulls(text)]


def _orders_nulls(text: str) -> list[str]:
    """Return the columns that order a window and may be null: PostgreSQL has these last."""
    terms = [
        re.sub(r"\s(?:(?:rows|range)\b.*|asc|desc)", "", term, flags=re.DOTALL).strip()
        for window in ORDER.findall(text)
        for term in re.split(r"\border\s+by\s", window)[1].split(",")
    ]
    return [term for term in terms if not NULLS_ARE_KNOWN.search(term)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_alike_by_every_engine(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = traps(path.read_text(encoding="utf-8"))
    if name in OWN:
        assert found, f"{name} is read alike by every engine: it is no exception"
    else:
        assert found == []


@pytest.mark.parametrize(
    ("sql", "trap"),
    [
        ("cast(montant as numeric) / 2", "numeric without a precision"),
        ("{{ total('cast(x as numeric)') }}", "numeric without a precision"),
        ("montant::integer", "a cast by ::"),
        ("cle >> 6", "a shift of bits"),
        ("cree_le at time zone 'UTC'", "at time zone"),
        (r"statut = E'\u00e9'", "a string with escapes"),
        ("document #>> '{a}'", "a path of JSON"),
        ("document ->> 'a'", "a path of JSON"),
        ("cast(nom as text)", "a type of PostgreSQL's"),
        ("cast(null as timestamp with time zone)", "a type of PostgreSQL's"),
        ("from generate_series(0, 9) as n", "a function of PostgreSQL's"),
        ("string_agg(nom, ', ')", "a function of PostgreSQL's"),
        ("from pg_class", "a catalogue"),
        ("extract(isodow from jour)", "the day of the week"),
        ("select distinct on (a) a, b", "distinct on"),
        ("sum(x) over (ordre rows between 1 preceding and current row)", "a named window"),
        ("where nom ~ '^A'", "a regular expression"),
        ("where nom !~* '^a'", "a regular expression"),
        ("{{ reference_date() }} - echeance", "a difference of days"),
        ("select 'Constat de l''infraction'", "a quote in a text"),
        ("percentile_cont(0.5) within group (order by x)", "percentile_cont"),
        ("cast({{ json_number('a', ['b'], 9) }} as integer)", "a number that is cut"),
        ("abs(z) ^ 2", "a power"),
        ("jour + interval '1 month'", "an interval"),
        ("extract(epoch from fin - debut)", "an interval"),
        ("lower(ltrim(extension, '.'))", "ltrim"),
        ("fins.date_cloture - fins.date_creation", "a difference of days"),
        ("sum(x) over (partition by a order by paye_le, b_id)", "an order of nulls"),
        ("window ordre as (order by paye_le desc)", "an order of nulls"),
    ],
)
def test_each_trap_is_seen(sql: str, trap: str) -> None:
    (found,) = traps(sql)
    assert found.startswith(trap)


def test_what_is_portable_is_no_trap() -> None:
    portable = """
        -- cast(x as numeric) is a trap
        {# nom ~ 'x' #}
        {%- set name = 'a' ~ 'b' -%}
        {% macro postgres__exact(x) -%} cast({{ x }} as numeric) {%- endmacro %}
        select cast(x as numeric(18, 2)), count(*) filter (where y), text, sum(z) over ordre
        from {{ ref('a' ~ 'b') }}
        window ordre as (partition by a order by b nulls last, t.c_id rows unbounded preceding)
    """
    assert traps(portable) == []


def test_each_macro_that_engines_read_in_their_own_way_has_one_for_each() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("macros/**/*.sql"))
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)', 'sigeti_dwh'\)", text))
    written = set(re.findall(r"\{%-? macro (\w+)\(", text))
    lacking = [
        f"{engine}__{name}"
        for name in sorted(dispatched)
        for engine in ("postgres", "spark")
        if written.isdisjoint({f"{engine}__{name}", f"default__{name}"})
    ]
    assert lacking == []


def test_no_number_is_asked_for_without_its_digits() -> None:
    """Spark would keep none after the point, in silence."""
    bare = re.compile(r"\b(decimal|numeric)\b(?!\s*\()")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (*ROOT.glob("macros/spark/*.sql"), *ROOT.glob("models/**/*.yml"))
        for line in COMMENT.sub("", path.read_text(encoding="utf-8")).splitlines()
        if bare.search(line) and (path.suffix == ".sql" or "data_type:" in line)
    ]
    assert found == []
