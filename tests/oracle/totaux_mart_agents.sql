-- The money of each campaign with a responsible agent, once.
select
    sum(montant_a_recouvrer) as montant_a_recouvrer,
    sum(montant_recouvre) as montant_recouvre,
    sum(montant_facture) as montant_facture,
    sum(montant_regle_declare) as montant_regle_declare,
    sum(montant_regle_confirme) as montant_regle_confirme,
    sum(montant_restant_du) as montant_restant_du
from {fait_collectes} as c
where c.collecte_id in (select collecte_id from collecte_agents where role::text = 'responsable')
