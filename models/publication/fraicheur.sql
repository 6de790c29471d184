{{ config(materialized='publication') }}

with lectures as (

    select
        chargement,
        debut,
        row_number() over (order by chargement desc) as rang
    from {{ source('meta', 'chargements') }}
    where fin is not null

),

marts as (

    select mart
    from unnest(array[
        '{{ ref("mart_performance_financiere").identifier }}',
        '{{ ref("mart_performance_zones").identifier }}',
        '{{ ref("mart_creances_clients").identifier }}',
        '{{ ref("mart_occupation_zones").identifier }}',
        '{{ ref("mart_portefeuille_clients").identifier }}',
        '{{ ref("mart_segments_clients").identifier }}',
        '{{ ref("mart_kpi_operationnels").identifier }}'
    ]) as mart

)

select
    marts.mart,
    lectures.debut as donnees_au,
    current_timestamp as publie_le,
    {{ reference_date() }} as date_reference,
    lectures.chargement,
    cast('{{ invocation_id }}' as {{ dbt.type_string() }}) as execution
from marts
inner join lectures on lectures.rang = 1
