-- What each measure of the mart sums up to: every invoice with something left to pay.
select
    count(*) as nombre_factures,
    sum(f.montant_total - coalesce(p.regle, 0)) as montant_restant_du
from factures as f
left join (
    select facture_id, sum(montant) as regle from paiement_factures group by facture_id
) as p on p.facture_id = f.id
where f.is_deleted is not true and f.deleted_at is null
    and (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
    and coalesce(p.regle, 0) < f.montant_total
