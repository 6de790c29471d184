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
    select distinct on (utilisateur_id)
        utilisateur_id,
        date_inscription
    from {{ ref('dim_utilisateurs') }}
    where date_inscription is not null
    order by utilisateur_id, numero_version desc
{%- endmacro %}
