{# Raw strings: a backslash of another one would go before the pattern is read. #}
{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike r'{{ pattern }}'
{%- endmacro %}

{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro spark__first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, r'{{ pattern }}', 1), '')
{%- endmacro %}

{# Spark has no Unicode normalisation: the letters of French and Portuguese, others stay as they are. #}
{% macro spark__composed(text) -%}
    {%- set letters = {
        '\u0300': ['AÀ', 'EÈ', 'IÌ', 'OÒ', 'UÙ'],
        '\u0301': ['AÁ', 'EÉ', 'IÍ', 'OÓ', 'UÚ', 'YÝ'],
        '\u0302': ['AÂ', 'EÊ', 'IÎ', 'OÔ', 'UÛ'],
        '\u0303': ['AÃ', 'NÑ', 'OÕ'],
        '\u0308': ['AÄ', 'EË', 'IÏ', 'OÖ', 'UÜ', 'YŸ'],
        '\u030A': ['AÅ'],
        '\u0327': ['CÇ'],
    } -%}
    {%- set composed = [] -%}
    {%- for mark, pairs in letters.items() -%}
        {%- for pair in pairs + pairs | map('lower') | list -%}
            {%- do composed.append(pair[0] ~ mark ~ pair[1]) -%}
        {%- endfor -%}
    {%- endfor -%}
    aggregate(
        split('{{ composed | join(' ') }}', ' '), {{ text }},
        (made, pair) -> replace(made, left(pair, 2), right(pair, 1))
    )
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    {{ clean_text("get_json_object(" ~ column ~ ", '$." ~ path | join('.') ~ "')") }}
{%- endmacro %}

{# JSON is text there. A word before a colon is a name. #}
{% macro spark__has_word_for_a_number(column) -%}
    {{ matches(column, '(?i)"\\s*[-+]?(nan|inf|infinity)\\s*"(?!\\s*:)') }}
{%- endmacro %}

{# dbt's own leaves the order out. #}
{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    array_join(
        transform(
            sort_array(collect_list(struct({{ order_by_clause | replace('order by ', '') }} as rang, {{ measure }} as texte))),
            element -> element.texte
        ),
        {{ delimiter_text }}
    )
{%- endmacro %}
