-- One row a payment of an invoice that is not deleted.
select
    p.id as paiement_id,
    p.facture_id,
    f.entreprise_id,
    case when z.zone_id > 0 then z.zone_id end as zone_id,
    z.zone_id as zone_key,
    p.montant as montant_paiement,
    avant.rang as rang_paiement,
    avant.cumul as cumul_regle,
    greatest(f.montant_total - avant.cumul, 0) as reste_apres_paiement,
    -- Decomposed, then without its accents: a database of locale C cannot lower an É.
    nullif(
        lower(btrim(
            regexp_replace(normalize(p.mode_paiement, nfd), '[\u0300-\u036f]', '', 'g'),
            E' \t\r\n\u00a0'
        )),
        ''
    ) as mode_paiement,
    nullif(btrim(normalize(p.statut, nfc), E' \t\r\n\u00a0'), '') as statut,
    normalize(p.statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$' as est_confirme,
    (p.date_paiement at time zone 'UTC')::date as date_paiement,
    nullif(btrim(f.processus_origine, E' \t\r\n\u00a0'), '') as processus_origine
from paiement_factures as p
inner join factures as f on f.id = p.facture_id
inner join (
    select un.id, count(*) as rang, sum(precedent.montant) as cumul
    from paiement_factures as un
    inner join paiement_factures as precedent
        on precedent.facture_id = un.facture_id
        and (precedent.date_paiement, precedent.id) <= (un.date_paiement, un.id)
    group by un.id
) as avant on avant.id = p.id
inner join {zones_des_factures} as z on z.facture_id = f.id
where f.is_deleted is not true and f.deleted_at is null
