-- Every invoice that is not deleted, cancelled ones with what was paid on them.
select
    sum(f.montant_total) as montant_total,
    sum(p.regle) as montant_regle_declare,
    sum(p.confirme) as montant_regle_confirme,
    sum(greatest(f.montant_total - coalesce(p.regle, 0), 0)) filter (
        where (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
    ) as montant_restant_du,
    sum(p.nombre) as nombre_paiements
from factures as f
left join (
    select
        facture_id,
        count(*) as nombre,
        sum(montant) as regle,
        sum(montant) filter (
            where translate(upper(statut), E'Éé\u0301 \t\r\n\u00a0', 'EE') = 'REUSSI'
        ) as confirme
    from paiement_factures
    group by facture_id
) as p on p.facture_id = f.id
where f.is_deleted is not true and f.deleted_at is null
