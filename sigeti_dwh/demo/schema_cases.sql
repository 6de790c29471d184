-- Cases: implantation, infractions, conventions, claims, withdrawals, incidents.
create type "enum_commissaires_justice_statut" as enum ('actif', 'inactif', 'suspendu');
create type "enum_type_infractions_gravite" as enum ('mineure', 'moderee', 'majeure', 'critique');
create type "enum_workflow_infractions_type_operateur" as enum ('operateur', 'entreprise', 'autre');
create type "enum_workflow_infractions_etape" as enum (
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'
);
create type "enum_workflow_infractions_etape_actuelle" as enum (
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'
);
create type "enum_workflow_infractions_conventions_type_operateur" as enum (
    'operateur', 'entreprise', 'autre'
);
create type "enum_workflow_infractions_conventions_etape" as enum (
    'ETAPE_1', 'ETAPE_2', 'ETAPE_3', 'ETAPE_4', 'ETAPE_5', 'ETAPE_6', 'ETAPE_7', 'ETAPE_8',
    'ETAPE_9', 'ETAPE_10'
);
create type "enum_suivis_implantation_statut" as enum (
    'EN_ATTENTE', 'EN_COURS', 'TERMINE', 'RETARD', 'BLOQUE'
);
create type "enum_etapes_suivi_implantation_statut" as enum (
    'EN_ATTENTE', 'EN_COURS', 'TERMINE', 'RETARD', 'BLOQUE'
);
create type "enum_impenses_statut" as enum (
    'en cours', 'suspendue', 'complete', 'annulee', 'cloturee'
);
create type "enum_impenses_decision_verification" as enum ('valide', 'non_valide');
create type "enum_impenses_resultat_analyse" as enum ('recevable', 'incomplet', 'irrecevable');
create type "enum_impenses_decision_analyse" as enum ('accepte', 'refuse');
create type "enum_impenses_statut_validation" as enum ('valide', 'a_corriger', 'rejete');
create type "enum_impenses_identite_acquereur_type" as enum ('operateur', 'user');
create type "enum_indemnisations_statut" as enum (
    'En attente', 'En cours', 'Partiellement indemnisé', 'Totalement indemnisé', 'Indemnisé',
    'Refusé'
);
create type "enum_indemnisations_recevabilite_decision" as enum (
    'En attente', 'Recevable', 'Non Recevable'
);
create type "enum_indemnisations_type_signature" as enum ('electronique', 'manuelle');
create type "enum_retrait_lots_statut" as enum ('en cours', 'suspendu', 'terminé', 'annulé');
create type "enum_retrait_lots_analyse_decision" as enum ('conforme', 'non_conforme');
create type "enum_retrait_lots_statut_approbation" as enum (
    'approuve', 'rejete', 'modification_requise'
);
create type "enum_retrait_Conventions_statut" as enum (
    'en cours', 'suspendu', 'terminé', 'annulé'
);
create type "enum_retrait_Conventions_operateur_type" as enum ('operateur', 'entreprise');
create type "enum_retrait_Conventions_analyse_decision" as enum ('conforme', 'non_conforme');
create type "enum_retrait_Conventions_statut_approbation" as enum (
    'approuve', 'rejete', 'modification_requise'
);

create table conventions (
    id serial,
    numero_convention varchar(255) not null,
    civilite varchar(255),
    nom varchar(255),
    prenom varchar(255),
    profession varchar(255),
    type_piece_identite varchar(255),
    pays_delivrance varchar(255),
    numero_piece varchar(255),
    date_delivrance date,
    date_expiration date,
    piece_identite_file varchar(255),
    pays_residence varchar(255),
    email varchar(255),
    telephone varchar(255),
    adresse_personnelle varchar(255),
    raison_sociale varchar(255),
    forme_juridique varchar(255),
    registre_commerce varchar(255),
    pays_siege_social varchar(255),
    adresse_entreprise varchar(255),
    domaine_activite varchar(255),
    objet_demande varchar(255),
    type_projet varchar(255),
    duree_occupation integer,
    cree_par integer,
    statut varchar(255) default 'en cours',
    etape_actuelle varchar(255),
    marketing_analysis_status varchar(255),
    marketing_comments text,
    missing_documents_dpp jsonb,
    status_analysis_dpp varchar(255),
    comment_analysis_dpp text,
    status_analysis_recevability varchar(255),
    receivability_justification text,
    status_analysis_marketing varchar(255),
    comment_analysis_marketing text,
    document_projet_unite_juridique jsonb,
    document_signe_par_operateur jsonb,
    document_signe_par_d_g jsonb,
    dg_validation_status varchar(255),
    dg_validation_comments text,
    dg_refusal_attachments jsonb,
    dg_signed_status varchar(255),
    historique jsonb,
    date_creation timestamptz not null,
    date_modification timestamptz not null
);

create table commissaires_justice (
    id serial,
    nom varchar(255) not null,
    prenoms varchar(255) not null,
    numero_ordre varchar(255),
    email varchar(255) not null,
    telephone varchar(255),
    adresse text,
    ville varchar(255),
    statut "enum_commissaires_justice_statut" not null default 'actif',
    date_inscription date,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table type_infractions (
    id serial,
    name varchar(255) not null,
    description text,
    gravite "enum_type_infractions_gravite" not null default 'mineure',
    sanctions_sugerees varchar(255)[],
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table workflow_infractions (
    id serial,
    reference varchar(255),
    description varchar(255),
    lot_id integer,
    type_operateur "enum_workflow_infractions_type_operateur" not null default 'operateur',
    operateur_id integer,
    entreprise_id integer,
    operateur_autre_raison_sociale varchar(255),
    operateur_autre_telephone varchar(255),
    operateur_autre_email varchar(255),
    operateur_autre_adresse_postale text,
    statut varchar(255) not null default 'en_cours',
    etape "enum_workflow_infractions_etape" not null default '0',
    etape_actuelle "enum_workflow_infractions_etape_actuelle" not null default '0',
    modes_signification varchar(255)[],
    commissaire_justice_id integer,
    date_saisine date,
    objet_saisine text,
    mode_notification varchar(255)[] default array[]::varchar [],
    date_envoi date,
    date_limite_regularisation date,
    date_transmission date,
    directions_destinaires text,
    observations_transmission text,
    date_diffusion date,
    raison_cloture text,
    etape_cloture varchar(2),
    entreprise_historique text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table workflow_infractions_conventions (
    id serial,
    reference varchar(255),
    description varchar(255),
    convention_id integer,
    type_operateur "enum_workflow_infractions_conventions_type_operateur"
        not null default 'operateur',
    operateur_id integer,
    entreprise_id integer,
    statut varchar(255) not null default 'en_cours',
    etape "enum_workflow_infractions_conventions_etape" not null default 'ETAPE_1',
    etape_actuelle integer default 1,
    modes_signification varchar(255)[],
    commissaire_justice_id integer,
    date_saisine date,
    objet_saisine text,
    mode_notification varchar(255)[] default array[]::varchar [],
    date_envoi date,
    date_limite_regularisation date,
    operateur_autre_raison_sociale varchar(255),
    operateur_autre_telephone varchar(255),
    operateur_autre_email varchar(255),
    operateur_autre_adresse_postale text,
    raison_cloture text,
    etape_cloture varchar(255),
    date_cloture timestamptz,
    donnees_etape_cloture text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table suivis_implantation (
    id serial,
    demande_attribution_id integer,
    statut "enum_suivis_implantation_statut" default 'EN_ATTENTE',
    date_debut_suivi timestamptz not null,
    date_limite_implantation timestamptz not null,
    date_implantation_effective timestamptz,
    progression integer default 0,
    commentaires text,
    metadata jsonb default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table etapes_suivi_implantation (
    id serial,
    suivi_implantation_id integer,
    nom varchar(100) not null,
    description text,
    ordre integer not null,
    statut "enum_etapes_suivi_implantation_statut" default 'EN_ATTENTE',
    date_debut_prevue timestamptz,
    date_debut_effective timestamptz,
    date_fin_prevue timestamptz,
    date_fin_effective timestamptz,
    progression integer default 0,
    commentaires text,
    documents_requis jsonb default '[]',
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table impenses (
    id serial,
    numero_dossier varchar(255) not null,
    statut "enum_impenses_statut" default 'en cours',
    etape_actuelle integer default 1,
    etapes_completees json default '[]',
    historique_etapes json default '[]',
    lot_id integer,
    lot_numero varchar(255),
    lot_ilot varchar(255),
    operateur_id integer,
    entreprise_id integer,
    nom_operateur varchar(255),
    date_emission timestamptz,
    motif_cession text,
    date_transmission timestamptz,
    instructions__d_g text,
    dex_id integer,
    dex_email varchar(255),
    verification_documents boolean,
    commentaires__d_g text,
    decision_verification "enum_impenses_decision_verification",
    date_enregistrement timestamptz,
    imputation__d_g varchar(255),
    responsable_traitement varchar(255),
    reference_enregistrement varchar(255),
    matrice_code varchar(255),
    date_matrice timestamptz,
    reference_demande varchar(255),
    date_analyse timestamptz,
    resultat_analyse "enum_impenses_resultat_analyse",
    observations text,
    decision_analyse "enum_impenses_decision_analyse",
    motif_incompletude text,
    description_complement text,
    date_demande_complement timestamptz,
    confirmation_recevabilite boolean,
    date_confirmation timestamptz,
    nom_analyste varchar(255),
    objet_courrier varchar(255),
    contenu_information text,
    destinataire_correspondance varchar(255),
    date_courrier timestamptz,
    designation_produit varchar(255),
    exigences_client text,
    partie__i__e_n__q_u_a_02 varchar(255),
    exigences_techniques text,
    exigences_reglementaires text,
    partie__i_i_et__i_i_i__e_n__q_u_a_02 varchar(255),
    validation_exigences boolean,
    motif_refus_le_cas_echeant text,
    expert_id integer,
    expert_email varchar(255),
    objectifs_conception text,
    ressources_neccessaires text,
    planning_previsionnel text,
    date_visite timestamptz,
    site_evalue varchar(255),
    nom_expert varchar(255),
    contenu_rapport text,
    conclusions_rapport text,
    date_rapport timestamptz,
    date_transmission_rapport timestamptz,
    destinataire_rapport varchar(255),
    dex_rapport_id integer,
    dex_rapport_email varchar(255),
    date_visite_contre_expertise timestamptz,
    participants json,
    lieu varchar(255),
    justification_operateur text,
    participants_emails text,
    contenu_rapport_contre_expertise text,
    date_redaction timestamptz,
    conclusions_contre_expertise text,
    date_commission timestamptz,
    membres_convies json,
    objet_reunion varchar(255),
    emails_commission json,
    validation_rapport boolean,
    commentaires_validation text,
    statut_validation "enum_impenses_statut_validation",
    montant_notification numeric(10, 2),
    date_notification timestamptz,
    destinataire_notification varchar(255),
    presence_contestation boolean,
    justification text,
    motif_retrait text,
    date_retrait timestamptz,
    reference_processus varchar(255),
    date_execution timestamptz,
    identite_acquereur varchar(255),
    identite_acquereur_id integer,
    identite_acquereur_type "enum_impenses_identite_acquereur_type",
    identite_ancien varchar(255),
    decision boolean,
    date_decision timestamptz,
    email_nouvel_acquereur varchar(255),
    montant_paiement numeric(10, 2),
    date_paiement timestamptz,
    date_envoi timestamptz,
    beneficiaires json,
    date_reception timestamptz,
    numero_acte varchar(255),
    date_cloture timestamptz,
    raison_cloture text,
    etape_cloture integer,
    cloturee_par integer,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table detenteurs (
    id serial,
    id_detenteur varchar(255) not null,
    nom varchar(255) not null,
    prenom varchar(255),
    contact varchar(255),
    date_naissance timestamptz,
    nationalite varchar(255) default 'Ivoirienne',
    nom_mere varchar(255),
    montant double precision not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table indemnisations (
    id serial,
    detenteur_id integer not null,
    montant_restant numeric(15, 2) not null default 0,
    motif_indemnisation varchar(255),
    statut "enum_indemnisations_statut" not null default 'En attente',
    date_creation date not null,
    recevabilite_decision "enum_indemnisations_recevabilite_decision" not null default 'En attente',
    type_signature "enum_indemnisations_type_signature",
    fichier_signature varchar(255),
    etape_actuelle varchar(255) not null default 'chargement_detenteurs',
    zone_id integer not null,
    recevabilite_justification text,
    date_recevabilite timestamptz,
    updated_at timestamptz not null
);

create table paiements_indemnisation (
    id serial,
    detenteur_id integer not null,
    indemnisation_id integer not null,
    montant_verser numeric(15, 2) not null,
    date_paiement date not null,
    mode_paiement varchar(50),
    reference varchar(100),
    commentaire text,
    preuve_paiement varchar(255),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table retrait_lots (
    id serial,
    numero_retrait varchar(255),
    statut "enum_retrait_lots_statut" default 'en cours',
    etape_actuelle integer default 1,
    etapes_completees json default '[]',
    historique_etapes json default '[]',
    operateur varchar(255),
    demande text,
    visite timestamptz,
    analyse_summary text,
    analyse_decision "enum_retrait_lots_analyse_decision",
    projet_acte text,
    commentaires_approbation text,
    statut_approbation "enum_retrait_lots_statut_approbation",
    commentaires5 text,
    commentaires6 text,
    commentaires7 text,
    commentaires8 text,
    raison_cloture text,
    lot_id integer,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table "retrait_Conventions" (
    id serial,
    numero_retrait varchar(255),
    statut "enum_retrait_Conventions_statut" default 'en cours',
    etape_actuelle integer default 1,
    etapes_completees json default '[]',
    historique_etapes json default '[]',
    operateur varchar(255),
    operateur_type "enum_retrait_Conventions_operateur_type",
    operateur_id integer,
    operateur_email varchar(255),
    demande text,
    visite timestamptz,
    analyse_summary text,
    analyse_decision "enum_retrait_Conventions_analyse_decision",
    projet_acte text,
    commentaires_approbation text,
    statut_approbation "enum_retrait_Conventions_statut_approbation",
    commentaires5 text,
    commentaires6 text,
    commentaires7 text,
    commentaires8 text,
    raison_cloture text,
    convention_id integer,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table types_incident (
    id serial,
    label varchar(255) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table statuts_incident (
    id serial,
    workflow_step integer not null,
    label varchar(255) not null,
    description varchar(255) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table sinistres (
    id serial,
    reference varchar(255) not null,
    description text,
    identification_incident varchar(255) not null,
    date_heure_incident timestamptz not null,
    lieu_incident varchar(255) not null,
    type_incident_id integer not null,
    statut_incident_id integer not null,
    commissaire_justice_id integer,
    description_incident varchar(255) not null,
    uploaded_files_declaration_sinistre jsonb,
    uploaded_files_constat_sinistre jsonb,
    date_saissie timestamptz,
    objet_saissie varchar(255),
    uploaded_files_saisie_commissaire jsonb,
    uploaded_files_mise_en_demeure jsonb,
    uploaded_files_prise_en_charge_operateur jsonb,
    uploaded_files_verification_pv_constat jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
