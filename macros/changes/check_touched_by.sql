{# Refuses a declaration that leaves a relation out, or names a column that is not there. #}
{% macro check_touched_by(node) -%}
    {%- set declared = node.config.get('touched_by') -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes and graph.nodes[id].name not in declared -%}
        {{ exceptions.raise_compiler_error(
            node.name ~ ' reads ' ~ graph.nodes[id].name ~ ', and its touched_by does not say which rows a change there touches.'
        ) }}
    {%- endfor -%}
    {%- for touch in touches_of(node) -%}
        {%- for own, expression in touch['columns'].items() -%}
            {%- do check_column(node, touch['bridge'] or node, own) -%}
            {%- for column in names_in(expression) -%}
                {%- do check_column(node, touch['parent'], column) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for key in scope_of(node) if touch['bridge'] -%}
            {%- do check_column(node, touch['bridge'], key) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{% macro check_column(node, relation, column) -%}
    {%- if column not in (followed_columns(relation) or relation.columns) -%}
        {{ exceptions.raise_compiler_error(
            node.name ~ ': touched_by names ' ~ relation.name ~ '.' ~ column ~ ', which '
            ~ ('is no key or link of its source table in _sigeti__sources.yml.' if followed_columns(relation) else 'is no column of it.')
        ) }}
    {%- endif -%}
{%- endmacro %}
