{# The keys of a model's scope that changes above `since` touched, and those that days passed between two
   days of reference, `since_day` and today's, made due. #}
{% macro touched_keys(node, since, since_day=none) -%}
{%- set scope = scope_of(node) -%}
{%- for touch in touches_of(node) -%}
    {%- set changed = changed_rows(touch['parent'], touch['columns'], touch['number'], since) %}
    {%- if touch['gives_keys'] %}
    select distinct {{ scope | join(', ') }} from ({{ changed }}) as touches
    {%- else %}
    {%- set own = touch['columns'] | join(', ') %}
    {#- A row that went with the one by which it was found comes back with it. #}
    {%- set held = [node.relation_name, former_rows(node.alias)] %}
    {%- for relation in ([touch['bridge'].relation_name] if touch['bridge'] else held) %}
    select distinct {{ scope | join(', ') }} from {{ relation }}
    where ({{ own }}) in (select {{ own }} from ({{ changed }}) as touches)
    {{ 'union' if not loop.last }}
    {%- endfor %}
    {%- endif %}
    {{ 'union' if not loop.last }}
{%- endfor %}
{%- for due in dues_of(node) if since_day is not none -%}
{%- for columns in due['touches'] %}
    union
    select {% for key in scope %}{{ columns[key] }} as {{ key }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ due['parent'].relation_name }}
    where
        {{ due['condition'] }}
        and (
            {%- for days in due['days_later'] %}
            ({{ due['day'] }} >= least(cast('{{ since_day }}' as date), {{ reference_date() }}) - {{ days }}
            and {{ due['day'] }} < greatest(cast('{{ since_day }}' as date), {{ reference_date() }}) - {{ days }})
            {{ 'or' if not loop.last }}
            {%- endfor %}
        )
{%- endfor %}
{%- endfor %}
{%- endmacro %}
