select
    {{ document_day(['date']) }} as date_jour,
    {{ json_text('document', ['stage']) }} as etape,
    cast(round({{ document_number(['order']) }}) as integer) as ordre,
    {{ document_count(['visitors']) }} as visiteurs
from {{ source('boutique', 'funnel_stages') }}
where _supprime_le is null
{% for stage in ['view', 'addtocart', 'transaction'] %}
    union all
    select
        {{ document_day(['date']) }} as date_jour,
        '{{ stage }}' as etape,
        {{ loop.index }} as ordre,
        {{ document_count([stage]) }} as visiteurs
    from {{ source('boutique', 'funnel_daily_detailed') }}
    where _supprime_le is null
{% endfor %}
