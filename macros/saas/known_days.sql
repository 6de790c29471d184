{# The days on which something happened: the first and the last bound what the marts tell. Subscriptions are
   not among them, since they may begin or end on a day to come. #}
{% macro known_days() -%}
    select date_jour from {{ ref('fait_evenements') }}
    union all
    select date_jour from {{ ref('fait_recherches') }}
    union all
    select date_paiement from {{ ref('fait_factures_saas') }}
    union all
    select date_inscription from {{ ref('dim_utilisateurs') }}
{%- endmacro %}

{# The last sign-up day that is known of each user, also of one that the source has no more. #}
{% macro sign_ups() -%}
    select
        utilisateur_id,
        date_inscription
    from (
        select
            *,
            row_number() over (partition by utilisateur_id order by numero_version desc) as rang
        from {{ ref('dim_utilisateurs') }}
        where date_inscription is not null
    ) as inscriptions
    where rang = 1
{%- endmacro %}
