{# What the models declare of the relations that they read, and what follows from it.

   `touched_by` in a model's config says for each relation that it reads which rows a change there touches:

     'fait_factures': 'facture_id'                     those that hold the changed row's facture_id
     'dim_zones_industrielles': 'existence of zone_id' the same, when a row comes or goes, not when it changes
     'stg_lots': 'lot_id in pont_attributions_lots'    those that the bridge gives for it
     'fait_factures': {'mois': 'month_of(…)', …}       those whose columns have these values of the changed row

   or a list of these. What is touched are keys of the model's scope: its `scope`, else its unique key. #}
{% macro touches_of(node) -%}
    {%- set touches = [] -%}
    {%- set scope = scope_of(node) | sort | list if node.config.get('touched_by') else [] -%}
    {%- for name, declared in (node.config.get('touched_by') or {}).items() -%}
        {%- for form in (declared if declared is iterable and declared is not string and declared is not mapping else [declared]) -%}
            {%- set words = form.split(' ') if form is string else [] -%}
            {%- set column = words[2] if words[:2] == ['existence', 'of'] else words[0] if words else none -%}
            {%- set columns = {column: column} if words else form -%}
            {%- set bridge = declared_node(node, words[2]) if words[1:2] == ['in'] else none -%}
            {%- do touches.append({
                'parent': declared_node(node, name),
                'columns': columns,
                'bridge': bridge,
                'gives_keys': not bridge and columns | sort | list == scope,
                'number': '_insertion' if words[:1] == ['existence'] else '_changement',
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(touches) }}
{%- endmacro %}

{# The rows that the calendar alone changes: those of `touched_when_due`, whose day has passed, or is as many
   days ago as one of `days_later` says; and a model's own of a month to come, once it has begun. #}
{% macro dues_of(node) -%}
    {%- set dues = [] -%}
    {%- set due = node.config.get('touched_when_due') -%}
    {%- if due -%}
        {%- do dues.append({
            'parent': declared_node(node, due['relation']),
            'day': due['day'],
            'days_later': due.get('days_later', [0]),
            'condition': due['condition'],
            'touches': [due['touches']] if due['touches'] is mapping else due['touches'],
        }) -%}
    {%- endif -%}
    {%- if 'est_a_venir' in node.columns and 'premier_jour_mois' in node.columns and node.config.get('touched_by') -%}
        {%- set own = {} -%}
        {%- for key in scope_of(node) -%}{%- do own.update({key: key}) -%}{%- endfor -%}
        {%- do dues.append({
            'parent': node,
            'day': 'premier_jour_mois',
            'days_later': [-1],
            'condition': 'true',
            'touches': [own],
        }) -%}
    {%- endif -%}
    {{ return(dues) }}
{%- endmacro %}

{# The node of a name in a declaration, which must be one that the model reads. #}
{% macro declared_node(node, name) -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes and graph.nodes[id].name == name -%}
        {{ return(graph.nodes[id]) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(node.name ~ ': touched_by names ' ~ name ~ ', which the model does not read.') }}
{%- endmacro %}

{% macro scope_of(node) -%}
    {%- set keys = node.config.get('scope') or node.config.get('unique_key') -%}
    {{ return([keys] if keys is string else keys) }}
{%- endmacro %}

{# The columns that an expression names. #}
{% macro names_in(expression) -%}
    {%- set text = modules.re.sub("'[^']*'", '', expression | string) -%}
    {%- set names = modules.re.findall('[a-z_][a-z0-9_]*(?![a-z0-9_]*\\s*\\()', text) -%}
    {{ return(names | unique | reject('in', ['as', 'date', 'null', 'case', 'when', 'then', 'else', 'end', 'and', 'or', 'not', 'is']) | list) }}
{%- endmacro %}
