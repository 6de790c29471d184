{# The z of a difference of two proportions, by their pooled variance; null without trials. #}
{% macro proportions_z(successes_1, trials_1, successes_2, trials_2) -%}
    (
        cast({{ successes_2 }} as {{ type_double() }}) / nullif({{ trials_2 }}, 0)
        - cast({{ successes_1 }} as {{ type_double() }}) / nullif({{ trials_1 }}, 0)
    ) / nullif(
        sqrt(
            cast({{ successes_1 }} + {{ successes_2 }} as {{ type_double() }})
            / nullif({{ trials_1 }} + {{ trials_2 }}, 0)
            * (
                1 - cast({{ successes_1 }} + {{ successes_2 }} as {{ type_double() }})
                / nullif({{ trials_1 }} + {{ trials_2 }}, 0)
            )
            * (
                1.0 / nullif({{ trials_1 }}, 0) + 1.0 / nullif({{ trials_2 }}, 0)
            )
        ),
        0
    )
{%- endmacro %}

{# The two-sided p-value of a z: 2Φ(−|z|), by Abramowitz and Stegun 26.2.17, exact to 7.5e-8. PostgreSQL has
   no erfc before version 16. #}
{% macro two_sided_p(z) -%}
    {%- set t = '(1 / (1 + 0.2316419 * abs(' ~ z ~ ')))' -%}
    2 * exp(-power(least(abs({{ z }}), 37), 2) / 2) / sqrt(2 * pi())
    * {{ t }} * (
        0.319381530 + {{ t }} * (
            -0.356563782 + {{ t }} * (1.781477937 + {{ t }} * (-1.821255978 + {{ t }} * 1.330274429))
        )
    )
{%- endmacro %}

{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__type_double() -%}
    double precision
{%- endmacro %}
