{{ config(severity='warn') }}

-- A word that its process does not know leaves a case open. A returned row is such a word.
with mots as (

    {{ case_words() }}

)

select
    dossiers.processus,
    dossiers.statut,
    count(*) as nombre_dossiers
from {{ ref('fait_dossiers') }} as dossiers
left join mots
    on
        dossiers.processus = mots.processus
        and {{ case_word('dossiers.statut') }} = mots.mot
where dossiers.statut is not null and mots.mot is null
group by dossiers.processus, dossiers.statut
