select
    id as demande_id,
    entreprise_id,
    lot_id,
    zone_id,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('statut') }} as statut,
    etape_courante,
    {{ clean_text('type_demande') }} as type_demande,
    {{ clean_text('priorite') }} as priorite,
    cast(
        {{ json_number('financement', ['montantTotal']) }} as numeric(18, 2)
    ) as montant_financement,
    cast(round({{ json_number('emplois', ['total'], 9) }}) as integer) as nombre_emplois,
    cast(
        round({{ json_number('emplois', ['nationaux', 'total'], 9) }}) as integer
    ) as emplois_nationaux,
    cast(
        round({{ json_number('emplois', ['expatries', 'total'], 9) }}) as integer
    ) as emplois_expatries,
    cast(round({{ sum_of_known([
        json_number('emplois', ['nationaux', 'cadres'], 9),
        json_number('emplois', ['expatries', 'cadres'], 9)
    ]) }}) as integer) as emplois_cadres,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'demandes_attribution') }}
where {{ living_rows() }}
