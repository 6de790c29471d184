{{ config(severity='warn') }}

{%- set changes = changes_of(ref('stg_demandes_attribution'), ['demande_id']) %}

-- What stands where a request's JSON has a number and is none, or has too many digits, is unknown.
-- A returned row is such a text.
with demandes as (

    select * from {{ source('sigeti', 'demandes_attribution') }}
    where {{ living_rows() }} and {{ tested_key('id', [changes], 'demande_id') }}

)

{% for column, path, digits in [
    ('financement', ['montantTotal'], 15),
    ('emplois', ['total'], 9),
    ('emplois', ['nationaux', 'total'], 9),
    ('emplois', ['expatries', 'total'], 9),
    ('emplois', ['nationaux', 'cadres'], 9),
    ('emplois', ['expatries', 'cadres'], 9),
] -%}
    select
        id as demande_id,
        '{{ ([column] + path) | join(".") }}' as champ,
        {{ json_text(column, path) }} as texte
    from demandes
    where
        {{ json_text(column, path) }} is not null
        and {{ json_number(column, path, digits) }} is null
    {{ 'union all' if not loop.last }}
{% endfor %}
