-- Every request, with the numbers that it announces.
with annoncees as (
    select
        statut::text = 'VALIDE' as approuvee,
        translate(financement ->> 'montantTotal', E' \t\r\n\u00a0\u202f', '') as montant,
        translate(emplois ->> 'total', E' \t\r\n\u00a0\u202f', '') as emplois
    from demandes_attribution
),

lues as (
    select
        approuvee,
        case when montant ~ '^[+-]?\d+(\.\d+)?$' then round(montant::numeric, 2) end as montant,
        case when emplois ~ '^[+-]?\d+(\.\d+)?$' then round(emplois::numeric) end as emplois
    from annoncees
)

select
    count(*) as nombre_demandes,
    count(*) filter (where approuvee) as demandes_approuvees,
    count(*) filter (where emplois is null) as demandes_sans_emplois,
    count(*) filter (where montant is null) as demandes_sans_investissement,
    sum(emplois) as emplois_total,
    sum(emplois) filter (where approuvee) as emplois_total_approuves,
    sum(montant) as montant_investissement,
    sum(montant) filter (where approuvee) as montant_investissement_approuve
from lues
