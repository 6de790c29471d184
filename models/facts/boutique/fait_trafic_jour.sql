{{ config(unique_key=['date_jour', 'source_trafic', 'canal', 'campagne']) }}

select
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    source_trafic,
    canal,
    campagne,
    cast(coalesce(sum(sessions), 0) as bigint) as sessions,
    cast(coalesce(sum(utilisateurs), 0) as bigint) as utilisateurs,
    cast(coalesce(sum(conversions), 0) as bigint) as conversions,
    cast(sum(chiffre_affaires) as numeric(18, 2)) as chiffre_affaires,
    {{ change_stamps() }}
from {{ ref('stg_boutique_trafic') }}
group by date_jour, source_trafic, canal, campagne
