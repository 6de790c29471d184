{{ config(
    unique_key=['paquet', 'collecte_id'],
    touched_by={
        'fait_factures': {
            'paquet': key_bucket('entreprise_id'),
            'collecte_id': 'collecte_id'
        }
    },
    indexes=[{'columns': ['collecte_id']}]
) }}

select
    {{ key_bucket('factures.entreprise_id') }} as paquet,
    factures.collecte_id,
    {{ number_of('count(distinct factures.entreprise_id)') }} as nombre_entreprises,
    {{ change_stamps() }}
from {{ ref('fait_factures') }} as factures
{%- if is_scoped() %}
inner join {{ scope_table() }} as touches
    on
        factures.collecte_id = touches.collecte_id
        and {{ in_bucket('factures.entreprise_id', 'touches.paquet') }}
{%- endif %}
where
    factures.est_comptee
    and factures.collecte_id is not null
    and factures.entreprise_id is not null
group by {{ key_bucket('factures.entreprise_id') }}, factures.collecte_id
