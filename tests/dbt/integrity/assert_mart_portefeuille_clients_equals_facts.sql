-- Every living enterprise has its row, and the rows together hold every invoice and request.
-- A returned row is a measure whose total differs.
{%- set touches = touched_keys_of(ref('mart_portefeuille_clients')) %}

with porteurs as (

    select *
    from ({{ clients_of_versions() }}) as versions
    where {{ tested_key('client_id', [touches], 'entreprise_id') }}

),

factures as (

    select factures.*
    from {{ ref('fait_factures') }} as factures
    inner join porteurs on factures.entreprise_key = porteurs.entreprise_key

),

demandes as (

    select demandes.*
    from {{ ref('fait_attributions') }} as demandes
    inner join porteurs on demandes.entreprise_key = porteurs.entreprise_key

),

attendu as (

    select
        (
            select count(*) from {{ ref('dim_entreprises') }} as clients
            where
                clients.is_current
                and clients.entreprise_key <> {{ unknown_key() }}
                and {{ tested_key(
                    'clients.entreprise_id', [touches], 'entreprise_id'
                ) }}
        ) as nombre_entreprises,
        count(*) filter (where est_comptee) as nombre_factures,
        coalesce(sum(montant_total) filter (where est_comptee), 0) as chiffre_affaires_total,
        coalesce(sum(montant_regle_declare) filter (where est_comptee), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme) filter (where est_comptee), 0) as montant_confirme,
        coalesce(sum(montant_restant_du), 0) as montant_restant_du,
        (select count(*) from demandes) as nombre_demandes
    from factures

),

trouve as (

    select
        count(*) filter (where entreprise_id <> {{ unknown_key() }}) as nombre_entreprises,
        coalesce(sum(nombre_factures), 0) as nombre_factures,
        coalesce(sum(chiffre_affaires_total), 0) as chiffre_affaires_total,
        coalesce(sum(montant_regle_declare), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme), 0) as montant_confirme,
        coalesce(sum(montant_restant_du), 0) as montant_restant_du,
        coalesce(sum(nombre_demandes), 0) as nombre_demandes
    from {{ ref('mart_portefeuille_clients') }}
    where {{ tested_key('entreprise_id', [touches]) }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_entreprises', 'nombre_factures', 'chiffre_affaires_total', 'montant_declare',
        'montant_confirme', 'montant_restant_du', 'nombre_demandes'
    ]
) }}
