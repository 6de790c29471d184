{{ config(
    unique_key=['ligne_id'],
    scope=['facture_id'],
    touched_by={
        'stg_detail_factures': 'facture_id',
        'fait_factures': 'facture_id'
    },
    indexes=[{'columns': ['facture_id']}, {'columns': ['_changement']}]
) }}

select
    -- clés
    lignes.ligne_id,
    lignes.facture_id,
    factures.entreprise_id,
    factures.zone_id,
    factures.entreprise_key,
    factures.domaine_key,
    factures.zone_key,
    factures.date_creation_key,

    -- dimensions dégénérées
    {{ line_nature('lignes.description') }} as nature,
    factures.statut,
    factures.processus_origine,
    factures.date_creation,

    -- mesures
    lignes.quantite,
    lignes.prix_unitaire,
    lignes.montant_ligne,

    -- indicateurs
    factures.est_comptee,

    -- traçabilité
    greatest(lignes.modifie_le, factures.source_modifie_a) as source_modifie_a,
    {{ change_stamps() }}
from {{ ref('stg_detail_factures') }} as lignes
inner join {{ ref('fait_factures') }} as factures
    on lignes.facture_id = factures.facture_id
where {{ in_scope('lignes.facture_id') }}
{{ in_key_order() }}
