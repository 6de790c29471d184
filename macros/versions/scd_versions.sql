{# The versions of a snapshot with gapless validity: the first is valid from the beginning of time, each
   next from the source's change time, when that is plausible, not after the observation, and later than
   what dates the versions before. Else (a change that forgot it, a clock that was wrong) the moment of
   observation dates the version: no version can begin after it was seen, so none keeps the next from
   beginning. #}
{% macro scd_versions(snapshot, key) -%}
with numbered as (

    select
        *,
        case
            when {{ is_plausible_time('modifie_le') }} and modifie_le <= dbt_valid_from then modifie_le
        end as change_connu_le,
        row_number() over (
            partition by {{ key }} order by dbt_valid_to nulls last, dbt_valid_from
        ) as numero_version
    from {{ snapshot }}
    where {{ in_scope(key) }}

),

dated as (

    select
        *,
        case
            when numero_version = 1 then {{ beginning_of_time() }}
            when
                change_connu_le > max(coalesce(change_connu_le, dbt_valid_from)) over (
                    partition by {{ key }} order by numero_version
                    rows between unbounded preceding and 1 preceding
                )
                then change_connu_le
            else dbt_valid_from
        end as valide_depuis
    from numbered

),

ordered as (

    select
        *,
        max(valide_depuis) over (partition by {{ key }} order by numero_version) as valid_from
    from dated

)

select
    *,
    {{ version_key(key, 'numero_version') }} as version_key,
    coalesce(
        lead(valid_from) over (partition by {{ key }} order by numero_version),
        case when dbt_valid_to is not null then greatest(valid_from, dbt_valid_to) end
    ) as valid_to,
    dbt_valid_to is null as is_current
from ordered
{%- endmacro %}
