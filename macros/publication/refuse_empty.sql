{# Pre-hook of every model and snapshot. With --empty, dbt limits what they read to no row: the tables would
   be emptied, the versions closed, and the progress of the next night recorded. #}
{% macro refuse_empty() -%}
    {%- if execute and flags.EMPTY -%}
        {%- do exceptions.raise_compiler_error(
            '--empty would empty the tables of this warehouse: nothing was written. '
            ~ 'dbt compile checks a model without it.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
