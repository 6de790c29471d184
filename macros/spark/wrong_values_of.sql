{# Spark plans no union of selects from one row. #}
{% macro spark__wrong_values_of(source, wrong, columns) -%}
lateral view inline(filter(
    array(
        {%- set among = joiner(',') %}
        {%- for name, column in source.columns.items() if name in columns or declared_type(column) in columns %}
        {{ among() }}
        named_struct(
            'colonne', '{{ name }}',
            'valeur', cast(tested.{{ name }} as string),
            'est_faux', {{ is_wrong(wrong, 'tested.' ~ name, declared_type(column)) }}
        )
        {%- endfor %}
    ),
    found -> found.est_faux
)) valeurs as colonne, valeur, est_faux
{%- endmacro %}
