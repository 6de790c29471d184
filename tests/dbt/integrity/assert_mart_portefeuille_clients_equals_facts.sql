-- Every living enterprise has its row, and the rows together hold every invoice and request.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        (
            select count(*) from {{ ref('dim_entreprises') }} as clients
            where clients.is_current and clients.entreprise_key <> {{ unknown_key() }}
        ) as nombre_entreprises,
        count(*) filter (where est_comptee) as nombre_factures,
        coalesce(sum(montant_total) filter (where est_comptee), 0) as chiffre_affaires_total,
        coalesce(sum(montant_restant_du), 0) as montant_restant_du,
        (select count(*) from {{ ref('fait_attributions') }}) as nombre_demandes
    from {{ ref('fait_factures') }}

),

trouve as (

    select
        count(*) filter (where entreprise_id <> {{ unknown_key() }}) as nombre_entreprises,
        coalesce(sum(nombre_factures), 0) as nombre_factures,
        coalesce(sum(chiffre_affaires_total), 0) as chiffre_affaires_total,
        coalesce(sum(montant_restant_du), 0) as montant_restant_du,
        coalesce(sum(nombre_demandes), 0) as nombre_demandes
    from {{ ref('mart_portefeuille_clients') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_entreprises', 'nombre_factures', 'chiffre_affaires_total', 'montant_restant_du',
        'nombre_demandes'
    ]
) }}
