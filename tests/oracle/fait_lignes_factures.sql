-- One row a line of an invoice that is not deleted.
select
    d.id as ligne_id,
    f.id as facture_id,
    f.entreprise_id,
    case when z.zone_id > 0 then z.zone_id end as zone_id,
    z.zone_id as zone_key,
    case
        when d.description ~* 'lamev' then 'frais de LAMEV'
        when d.description ~* 'dossier' then 'frais de dossier'
        when d.description ~* 'redevance' then 'redevance'
        else 'autre'
    end as nature,
    f.statut::text as statut,
    nullif(btrim(f.processus_origine, E' \t\r\n\u00a0'), '') as processus_origine,
    (f.date_creation at time zone 'UTC')::date as date_creation,
    d.quantite,
    d.prix_unitaire,
    d.montant_ligne,
    f.statut::text is null or f.statut::text not in ('Annulée', 'Remboursée', 'Échoué')
        as est_comptee
from detail_factures as d
inner join factures as f on f.id = d.facture_id
inner join {zones_des_factures} as z on z.facture_id = f.id
where f.is_deleted is not true and f.deleted_at is null
