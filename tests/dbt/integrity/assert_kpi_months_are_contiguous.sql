-- A month without any event still has its row. A returned row is a month that follows a gap.
with mois as (

    select
        premier_jour_mois,
        lag(premier_jour_mois) over (order by premier_jour_mois) as precedent
    from {{ ref('mart_kpi_operationnels') }}
    where premier_jour_mois between {{ calendar_start() }} and {{ calendar_end() }}

)

select *
from mois
where precedent is not null and precedent <> {{ month_of('premier_jour_mois - 1') }}
