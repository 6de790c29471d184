-- Every payment of an invoice that is not deleted.
select
    count(*) as nombre_paiements,
    sum(p.montant) as montant_declare,
    sum(p.montant) filter (
        where translate(upper(p.statut), E'Éé\u0301 \t\r\n\u00a0', 'EE') = 'REUSSI'
    ) as montant_confirme
from paiement_factures as p
inner join factures as f on f.id = p.facture_id
where f.is_deleted is not true and f.deleted_at is null
