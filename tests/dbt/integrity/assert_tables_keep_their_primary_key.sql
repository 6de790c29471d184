-- A primary key has no test of its own. A returned row is a table that lost its key.
{% set tables = graph.nodes.values()
    | selectattr('config.materialized', 'equalto', 'incremental') %}

with cles as (

    select conrelid as identifiant
    from pg_catalog.pg_constraint
    where contype = 'p'

),

-- Not by to_regclass: it sees a table that a model commits meanwhile, and the snapshot not its key.
tables as (

    select classes.oid as identifiant
    from pg_catalog.pg_class as classes
    inner join pg_catalog.pg_namespace as espaces on classes.relnamespace = espaces.oid
    where
        format('"%s"."%s"."%s"', current_database(), espaces.nspname, classes.relname)
        = any(string_to_array('{{ tables | map(attribute="relation_name") | join(" ") }}', ' '))

)

select tables.identifiant
from tables
left join cles on tables.identifiant = cles.identifiant
where cles.identifiant is null
