{{ config(unique_key=['etape_key']) }}

select
    cast(etape_key as bigint) as etape_key,
    processus,
    numero_etape,
    nom_etape,
    responsable,
    ordre,
    {{ change_stamps() }}
from (
    values
    (101, 'demande', 1, 'Création de la demande', 'entreprise', 1),
    (102, 'demande', 2, 'Vérification par le CEPICI', 'CEPICI', 2),
    (103, 'demande', 3, 'Vérification par la SOGEDI', 'SOGEDI', 3),
    (104, 'demande', 4, 'Frais de dossier et reçu', 'entreprise', 4),
    (105, 'demande', 5, 'Analyse de recevabilité', 'SOGEDI', 5),
    (106, 'demande', 6, 'Attestation de recevabilité', 'SOGEDI', 6),
    (107, 'demande', 7, 'Rapport technique', 'SOGEDI', 7),
    (108, 'demande', 8, 'Commission interne', 'commission interne', 8),
    (
        109, 'demande', 9, 'Commission interministérielle',
        'commission interministérielle', 9
    ),
    (110, 'demande', 10, 'Rédaction de la LAMEV', 'SOGEDI', 10),
    (111, 'demande', 11, 'Signature de la LAMEV', 'SOGEDI', 11),
    (112, 'demande', 12, 'Frais de LAMEV', 'entreprise', 12),
    (
        200, 'infraction', 0, 'Constat de {{ dbt.escape_single_quotes("l'infraction") }}',
        'SOGEDI', 1
    ),
    (201, 'infraction', 1, 'Identification du contrevenant', 'SOGEDI', 2),
    (202, 'infraction', 2, 'Signification', 'SOGEDI', 3),
    (203, 'infraction', 3, 'Saisine du commissaire de justice', 'SOGEDI', 4),
    (204, 'infraction', 4, 'Notification', 'SOGEDI', 5),
    (205, 'infraction', 5, 'Mise en demeure', 'SOGEDI', 6),
    (206, 'infraction', 6, 'Régularisation', 'entreprise', 7),
    (207, 'infraction', 7, 'Transmission aux directions', 'SOGEDI', 8),
    (208, 'infraction', 8, 'Diffusion', 'SOGEDI', 9),
    (209, 'infraction', 9, 'Clôture', 'SOGEDI', 10),
    ({{ unknown_key() }}, 'Inconnu', null, 'Inconnu', 'Inconnu', null)
) as etapes (etape_key, processus, numero_etape, nom_etape, responsable, ordre)
