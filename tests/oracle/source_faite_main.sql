-- The source of test_oracle.py, small enough to work out every figure by hand.
insert into users values
    (1, 'Yao', 'Aya', '01', 'a@x.example', 'x', 1, 'actif', '2023-01-01', '2023-01-01');
insert into domaines_activites values
    (1, 'AGRO', ' Agroalimentaire ', null, '2023-01-01', '2023-01-01'),
    (2, 'ENER', 'Énergie', null, '2023-01-01', '2023-01-01');
insert into zones_industrielles (id, code, libelle, created_at, updated_at) values
    (1, 'ZI-1', ' Yopougon ', '2023-01-01', '2023-01-01'),
    (2, 'ZI-2', 'Akoupé-Zeudji', '2023-01-01', '2023-01-01'),
    (3, 'ZI-3', 'Œuvre', '2023-01-01', '2023-01-01');
insert into entreprises (
    id, raison_sociale, telephone, email, forme_juridique, domaine_activite_id, date_creation,
    date_modification
) values
    (1, '  Alpha ', '1', '1@x.example', 'SA', 1, '2023-01-01', '2023-01-01'),
    (2, 'Béta', '2', '2@x.example', ' SARL', null, '2023-01-01', '2023-01-01'),
    (3, 'Gamma', '3', '3@x.example', ' ', null, '2023-01-01', '2023-01-01');
-- The first row of the bridge, not the smallest sector.
insert into entreprise_domaines values (1, 2, 2, '2023-01-01'), (2, 2, 1, '2023-01-01');
insert into lots (
    id, numero, ilot, superficie, unite_mesure, prix, statut, viabilite, zone_industrielle_id,
    zone_id, created_at, updated_at
) values
    (1, 'L1', 'A', 1000, 'm2', 5000000, 'disponible', true, 1, null, '2023-01-01', '2023-01-01'),
    (2, 'L2', 'A', 2, ' HA ', 40000000, 'occupé', false, 1, 2, '2023-01-01', '2023-01-01'),
    (3, 'L3', 'B', 500.555, 'M²', 1000000, 'occupé', true, 2, 2, '2023-01-01', '2023-01-01'),
    (4, 'L4', 'B', 3, 'acres', 2000000, 'disponible', true, 2, 2, '2023-01-01', '2023-01-01');
insert into demandes_attribution (
    id, reference, statut, type_demande, entreprise_id, lot_id, zone_id, financement, emplois,
    priorite, created_at, updated_at, user_id
) values
    (1, 'D1 ', 'VALIDE', 'ZONE_INDUSTRIELLE', 1, null, 1, '{"montantTotal": "1500000"}',
        '{"total": 12}', ' haute', '2024-01-10 08:00Z', '2024-03-10 09:00Z', 1),
    -- Half an hour before March in UTC; its lot_id contradicts the bridge.
    (2, 'D2', 'EN_COURS', 'ZONE_INDUSTRIELLE', 2, 4, 2, '{"montantTotal": 2.5}', '{"total": "7"}',
        '', '2024-02-29 23:30Z', '2024-03-05 09:00Z', 1),
    (3, 'D3', 'REJETE', 'HORS_ZONE_INDUSTRIELLE', null, 3, null, '{}', '{}',
        '', '2024-03-05 08:00Z', '2024-03-15 07:00Z', 1),
    (4, 'D4', 'DOCUMENTS_REJETES', 'ZONE_INDUSTRIELLE', 1, null, 2, '{}', '{}',
        '', '2024-03-20 08:00Z', '2024-03-25 07:00Z', 1),
    (5, 'D5', 'VALIDE', 'ZONE_INDUSTRIELLE', 2, 3, 1, '{}', '{}',
        '', '2024-03-31 08:00Z', '2024-04-10 07:00Z', 1);
-- 1 goes back once and stays long at step 5; two events of 3 are at one moment, one names no step.
insert into historique_demandes (
    id, demande_attribution_id, etape_source, etape_destination, action, date_action, created_at,
    updated_at
)
select id, demande, de, vers, 'Passage', le::timestamptz, le::timestamptz, le::timestamptz
from (
    values
    (1, 1, 1, 1, '2024-01-10 08:00Z'), (2, 1, 1, 2, '2024-01-11 08:00Z'),
    (3, 1, 2, 3, '2024-01-13 08:00Z'), (4, 1, 3, 2, '2024-01-14 08:00Z'),
    (5, 1, 2, 3, '2024-01-20 08:00Z'), (6, 1, 3, 5, '2024-01-21 20:00Z'),
    (7, 1, 5, 12, '2024-03-10 08:00Z'),
    (8, 5, 1, 1, '2024-03-31 08:00Z'), (9, 5, 1, 2, '2024-04-01 08:00Z'),
    (10, 5, 2, 12, '2024-04-10 08:00Z'),
    (11, 2, 1, 1, '2024-02-29 23:30Z'), (12, 2, 1, 2, '2024-03-02 23:30Z'),
    (13, 4, 1, 1, '2024-03-20 08:00Z'), (14, 4, 1, 2, '2024-03-21 08:00Z'),
    (15, 4, 2, 1, '2024-03-25 08:00Z'),
    (17, 3, 1, 13, '2024-03-05 08:00Z'), (16, 3, 1, 1, '2024-03-05 08:00Z'),
    (18, null, 1, 2, '2024-03-05 08:00Z')
) as h (id, demande, de, vers, le);
insert into demande_attribution_lots (demande_attribution_id, lot_id) values (1, 1), (1, 2), (2, 2);
insert into collectes (
    id, reference, montant_a_recouvrer, montant_recouvre, date_debut, date_fin_prevue, status,
    cree_par, created_at, updated_at, statut_cloture, date_cloture
) values
    (1, 'C1', 1000000, 250000, '2024-01-15', '2024-02-15', 'partiellement_recouvree',
        1, '2023-12-01', '2024-03-01', 'cloturee', '2024-03-01 00:10Z'),
    (2, 'C2', 0, 0, '2024-08-01', '2024-08-31', 'reportee',
        1, '2023-12-01', '2023-12-01', 'ouverte', null);
insert into collecte_zones values (1, 1), (2, 1), (2, 2);
insert into factures (
    id, numero_facture, entreprise_id, collecte_id, demande_attribution_id, montant_total, statut,
    date_creation, date_echeance, date_paiement, is_deleted, deleted_at, created_at, updated_at
)
select *, cree, cree from (
    values
    -- 1 paid in part; 2 paid too much; 3 cancelled and paid; 4 and 5 deleted.
    (1, 'F1 ', 1, 1, null, 1000, 'En attente'::"enum_factures_statut",
        '2024-01-20 10:00Z'::timestamptz, '2024-02-20Z'::timestamptz, null::timestamptz, false,
        null::timestamptz),
    (2, 'F2', 1, 1, null, 1000, 'Payée', '2024-01-25Z', '2024-02-25Z', null, false, null),
    (3, 'F3', 1, 1, null, 500, 'Annulée', '2024-01-31 23:59:59Z', '2024-02-25Z', null, false, null),
    (4, 'F4', 1, 1, null, 9999, 'Payée', '2023-06-01Z', null, null, true, null),
    (5, 'F5', 1, 1, null, 7777, 'En attente', '2023-07-01Z', null, null, false, '2023-07-02Z'),
    -- 6 nothing to pay, zone unknown; 7 due on the reference day, zone of its request.
    (6, 'F6', 2, 2, null, 0, 'En attente', '2024-05-10Z', '2024-06-01Z', null, false, null),
    (7, 'F7', 2, 2, 5, 20000000, 'En attente', '2024-05-31 23:59Z', '2024-07-15Z', null, false, null),
    -- 8 paid, says its date only; 9 refunded, past due; 10 without due date, zone of its campaign.
    (8, 'F8', 2, null, 1, 100, 'Payée', '2024-05-05Z', '2024-05-06Z', '2024-05-20 23:59Z', false, null),
    (9, 'F9', 2, null, null, 300, 'Remboursée', '2024-05-06Z', '2024-05-07Z', null, false, null),
    (10, 'F10', 2, 1, 4, 50, 'En attente', '2024-05-07Z', null, null, false, null)
) as f (id, numero, e, c, d, total, statut, cree, echeance, paiement, efface, efface_le);
insert into paiement_factures (
    id, facture_id, montant, date_paiement, mode_paiement, statut, created_at, updated_at
) values
    (1, 1, 300, '2024-03-01 00:00Z', null, 'en_attente', '2024-03-01', '2024-03-01'),
    (2, 1, 400, '2024-02-01 09:00Z', ' Chèque ', 'Reussi', '2024-02-01', '2024-02-01'),
    (3, 2, 600, '2024-02-10 23:59Z', 'ESPÈCES', ' RÉUSSI ', '2024-02-11', '2024-02-11'),
    (4, 2, 600, '2024-02-14 09:00Z', '', 'en_attente', '2024-02-14', '2024-02-14'),
    (5, 2, 100, '2024-02-14 09:00Z', 'Mobile Money', 'en_attente', '2024-02-14', '2024-02-14'),
    (6, 3, 500, '2024-02-02 09:00Z', 'virement', 'en_attente', '2024-02-02', '2024-02-02'),
    (7, 4, 9999, '2023-06-02 09:00Z', 'virement', 'Reussi', '2023-06-02', '2023-06-02');
