{# What readers call a process of cases. #}
{% macro process_name(process) -%}
    case {{ process }}
        when 'implantation' then 'Implantation'
        when 'infraction' then 'Infraction'
        when 'infraction_convention' then 'Infraction à une convention'
        when 'convention' then 'Convention'
        when 'impense' then 'Impense'
        when 'indemnisation' then 'Indemnisation'
        when 'retrait_lot' then 'Retrait de lot'
        when 'retrait_convention' then 'Retrait de convention'
        when 'sinistre' then 'Sinistre'
    end
{%- endmacro %}
