"""A dbt project small enough to run many times: a model or two a layer, a test of each kind."""

from pathlib import Path

from sigeti_dwh.settings import ROOT

PROJECT = {
    "dbt_project.yml": """
name: sigeti_dwh
version: "1.0.0"
profile: sigeti_dwh
models:
  sigeti_dwh:
    staging: {+materialized: view, +schema: staging}
    dimensions: {+materialized: table, +schema: dimensions, +contract: {enforced: true}}
    facts:
      +materialized: incremental
      +schema: facts
      +on_schema_change: fail
      +contract: {enforced: true}
    marts: {+materialized: table, +schema: marts}
data_tests: {sigeti_dwh: {+store_failures: true, +schema: qualite}}
""",
    "models/staging/stg_lots.sql": "select g as lot_id, g % 2 as zone from generate_series(1, 6) g",
    "models/staging/stg_zones.sql": "select 0 as zone union all select 1",
    "snapshots/snapshots.yml": """
snapshots:
  - name: snap_lots
    relation: ref('stg_lots')
    config: {unique_key: lot_id, strategy: check, check_cols: [zone], schema: snapshots}
    columns: [{name: lot_id, data_tests: [not_null]}]
""",
    "models/dimensions/dim_lots.sql": "select lot_id, zone from {{ ref('snap_lots') }}",
    "models/dimensions/dim_zones.sql": "select zone from {{ ref('stg_zones') }}",
    "models/facts/fait_ventes.sql": "select lot_id from {{ ref('dim_lots') }}",
    "models/marts/occupation/mart_lots.sql": """
select count(*) as lots from {{ ref('fait_ventes') }}
""",
    "models/models.yml": """
models:
  - name: stg_lots
    columns: [{name: lot_id, data_tests: [unique, not_null]}]
  - name: dim_lots
    columns:
      - {name: lot_id, data_type: integer, constraints: [{type: primary_key}], data_tests: [unique]}
      - name: zone
        data_type: integer
        data_tests: [{relationships: {arguments: {to: ref('dim_zones'), field: zone}}}]
  - name: dim_zones
    columns: [{name: zone, data_type: integer, data_tests: [unique]}]
  - name: fait_ventes
    columns:
      - name: lot_id
        data_type: integer
        constraints: [{type: foreign_key, to: ref('dim_lots'), to_columns: [lot_id]}]
        data_tests: [{relationships: {arguments: {to: ref('dim_lots'), field: lot_id}}}]
unit_tests:
  - name: counts_lots
    model: mart_lots
    given: [{input: ref('fait_ventes'), rows: [{lot_id: 1}]}]
    expect: {rows: [{lots: 1}]}
""",
    "tests/assert_dimension_fits_staging.sql": """
select 1 from {{ ref('dim_zones') }} where zone not in (select zone from {{ ref('stg_lots') }})
""",
    # Two models that do not depend on each other: no layer's folder alone selects it.
    "tests/assert_no_small_zone.sql": """
{{ config(severity='warn') }}
select z.zone from {{ ref('dim_zones') }} z cross join {{ ref('mart_lots') }} m where m.lots > 1
""",
    "tests/assert_server_answers.sql": "select 1 where false",
}


def write(folder: Path) -> Path:
    """Write the project and the profile of the real one, which makes no attempt twice here."""
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    profile = (ROOT / "profiles.example.yml").read_text(encoding="utf-8")
    assert "retries: 3" in profile
    (folder / "profiles.yml").write_text(profile.replace("retries: 3", "retries: 0"))
    return folder
