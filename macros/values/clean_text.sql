{# People paste characters that nobody sees and that make another word: they go (format and control
   characters), or become one space with those around them (tabs, line ends, no-break spaces). Spaces
   alone stay as they were typed, but at the ends. Accents that are characters of their own, as macOS types
   them, join their letters. Text that has none of it, nearly all, is left alone at a quarter of the cost. #}
{% macro clean_text(column) -%}
    {%- set text = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")" -%}
    {%- set visible = replace_all(composed(text), invisible_characters(), '') -%}
    nullif(
        case
            when {{ matches(text, '[^ -~À-ÿ]|^ | $') }}
                then btrim({{ replace_all(visible, ' *' ~ white_space() ~ '(?: |' ~ white_space() ~ ')*', ' ') }})
            else {{ text }}
        end,
        ''
    )
{%- endmacro %}

{# Text with its accents joined to their letters. #}
{% macro composed(text) -%}
    {{ return(adapter.dispatch('composed', 'sigeti_dwh')(text)) }}
{%- endmacro %}

{% macro postgres__composed(text) -%}
    normalize({{ text }}, nfc)
{%- endmacro %}

{% macro invisible_characters() -%}
    [\u0001-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u00AD\u034F\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\uFFF9-\uFFFB]
{%- endmacro %}

{# White space other than the space. #}
{% macro white_space() -%}
    [\u0009-\u000D\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]
{%- endmacro %}
