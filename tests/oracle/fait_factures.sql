-- One row an invoice that is not deleted.
select
    f.id as facture_id,
    nullif(btrim(f.numero_facture, E' \t\r\n\u00a0'), '') as numero_facture,
    f.entreprise_id,
    f.collecte_id,
    f.demande_attribution_id as demande_id,
    case when z.zone_id > 0 then z.zone_id end as zone_id,
    z.zone_id as zone_key,
    f.montant_total,
    coalesce(p.declare, 0) as montant_regle_declare,
    coalesce(p.confirme, 0) as montant_regle_confirme,
    case
        when f.statut::text in ('Annulée', 'Remboursée', 'Échoué') then 0
        else greatest(f.montant_total - coalesce(p.declare, 0), 0)
    end as montant_restant_du,
    coalesce(p.nombre, 0) as nombre_paiements,
    f.statut::text as statut,
    (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true as est_comptee,
    nullif(btrim(f.processus_origine, E' \t\r\n\u00a0'), '') as processus_origine,
    case
        when f.statut::text in ('Annulée', 'Remboursée', 'Échoué') then 'annulée'
        when s.jour is not null then 'soldée'
        when p.declare > 0 then 'partielle'
        else 'impayée'
    end as statut_reglement,
    (f.date_creation at time zone 'UTC')::date as date_creation,
    (f.date_echeance at time zone 'UTC')::date as date_echeance,
    s.jour as date_solde,
    s.jour - (f.date_creation at time zone 'UTC')::date as delai_paiement_jours
from factures as f
inner join {zones_des_factures} as z on z.facture_id = f.id
left join (
    select
        facture_id,
        count(*) as nombre,
        sum(montant) as declare,
        -- Decomposed: a database of locale C knows no capital of é.
        sum(montant) filter (
            where normalize(statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$'
        ) as confirme
    from paiement_factures
    group by facture_id
) as p on p.facture_id = f.id
left join (
    select cumuls.facture_id, min(cumuls.date_paiement) as moment
    from (
        select
            un.facture_id,
            un.date_paiement,
            sum(precedent.montant) as cumul
        from paiement_factures as un
        inner join paiement_factures as precedent
            on precedent.facture_id = un.facture_id
            and (precedent.date_paiement, precedent.id) <= (un.date_paiement, un.id)
        group by un.id, un.facture_id, un.date_paiement
    ) as cumuls
    inner join factures on factures.id = cumuls.facture_id
    where cumuls.cumul >= factures.montant_total
    group by cumuls.facture_id
) as atteint on atteint.facture_id = f.id
cross join lateral (
    select
        (
            case
                when f.montant_total <= 0 then f.date_creation
                else coalesce(case when p.declare >= f.montant_total then atteint.moment end, f.date_paiement)
            end at time zone 'UTC'
        )::date as jour
) as s
where f.is_deleted is not true and f.deleted_at is null
