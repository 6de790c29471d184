{# Spark computes every row each night and replaces tables by new snapshots of theirs: nothing there numbers or
   follows changes, and nothing of the catalogue of PostgreSQL is there to be kept. #}

{% macro spark__change_stamps() -%}
    cast(0 as bigint) as _insertion,
    cast(0 as bigint) as _changement
{%- endmacro %}

{% macro spark__progress_made() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro spark__follow_changes() -%}
{%- endmacro %}

{% macro spark__create_more_indexes() -%}
{%- endmacro %}

{% macro spark__add_promised_constraints() -%}
{%- endmacro %}

{# Rights are the catalogue's there (Ranger, Unity, Polaris). #}
{% macro spark__protect(relation) -%}
{%- endmacro %}

{% macro spark__protect_all() -%}
{%- endmacro %}

{% macro spark__publish_search() -%}
{%- endmacro %}
