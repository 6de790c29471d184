{# Views of staging. dbt's own asks for the columns of the query, and then describes each in a statement. #}
{% materialization view, adapter='spark' -%}
    {%- set view = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create or replace view {{ view }}
        comment {{ spark_text(model.description) }}
        as {{ sql }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [view]}) }}
{%- endmaterialization %}
