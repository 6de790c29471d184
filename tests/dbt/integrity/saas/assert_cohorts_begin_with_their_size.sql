-- Nobody is active who did not sign up, and everyone who signed up belongs to one cohort.
-- A returned row is a cohort that is not so.
with tailles as (

    select
        {{ month_of('date_inscription') }} as mois_inscription,
        count(distinct utilisateur_id) as inscrits
    from ({{ sign_ups() }}) as connus
    group by {{ month_of('date_inscription') }}

)

select
    cohortes.mois_inscription,
    cohortes.mois_depuis,
    cohortes.taille,
    cohortes.actifs,
    tailles.inscrits
from {{ ref('mart_cohortes') }} as cohortes
left join tailles on cohortes.mois_inscription = tailles.mois_inscription
where
    cohortes.actifs > cohortes.taille
    or cohortes.taille is distinct from tailles.inscrits
