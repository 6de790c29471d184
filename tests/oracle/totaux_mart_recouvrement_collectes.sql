-- The counters of all campaigns, and what is left to pay of their invoices.
select
    (select sum(montant_a_recouvrer) from collectes) as montant_a_recouvrer,
    (select sum(montant_recouvre) from collectes) as montant_recouvre,
    count(*) as nombre_factures,
    sum(f.montant_total) as montant_facture,
    sum(p.regle) as montant_regle_declare,
    sum(p.confirme) as montant_regle_confirme,
    sum(greatest(f.montant_total - coalesce(p.regle, 0), 0)) as montant_restant_du
from factures as f
left join (
    select
        facture_id,
        sum(montant) as regle,
        sum(montant) filter (
            where translate(upper(statut), E'Éé\u0301 \t\r\n\u00a0', 'EE') = 'REUSSI'
        ) as confirme
    from paiement_factures
    group by facture_id
) as p on p.facture_id = f.id
where f.collecte_id is not null and f.is_deleted is not true and f.deleted_at is null
    and (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
