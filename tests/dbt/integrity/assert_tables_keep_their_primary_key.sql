-- A primary key has no test of its own. A returned row is a table that lost its key.
{% set tables = graph.nodes.values()
    | selectattr('config.materialized', 'equalto', 'incremental') %}

with cles as (

    select conrelid as identifiant
    from pg_catalog.pg_constraint
    where contype = 'p'

),

tables as (

    select to_regclass(nom) as identifiant
    from unnest(string_to_array(
        '{{ tables | map(attribute="relation_name") | join(" ") }}', ' '
    )) as nom

)

select tables.identifiant
from tables
left join cles on tables.identifiant = cles.identifiant
where tables.identifiant is not null and cles.identifiant is null
