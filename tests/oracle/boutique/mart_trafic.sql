-- One row a month, a source, a medium and a campaign.
select
    date_trunc('month', date_jour)::date as premier_jour_mois,
    source_trafic, canal, campagne,
    sum(sessions)::bigint as sessions,
    sum(utilisateurs)::bigint as utilisateurs,
    sum(conversions)::bigint as conversions,
    sum(chiffre_affaires) as chiffre_affaires,
    round(100.0 * sum(conversions) / nullif(sum(sessions), 0), 2) as taux_conversion_pct,
    round(sum(chiffre_affaires) / nullif(sum(conversions), 0), 2) as panier_moyen
from {boutique/fait_trafic_jour} as f
group by 1, 2, 3, 4
