{{ config(unique_key=['domaine_key']) }}

select
    cast(domaine_id as bigint) as domaine_key,
    domaine_id,
    code_domaine,
    nom_domaine,
    description,
    {{ change_stamps() }}
from {{ ref('stg_domaines_activites') }}

union all

select
    {{ unknown_key() }} as domaine_key,
    {{ unknown_key() }} as domaine_id,
    'Inconnu' as code_domaine,
    'Inconnu' as nom_domaine,
    null as description,
    {{ change_stamps() }}
