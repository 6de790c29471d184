-- The tables of SIGETI as Sequelize makes them; keys come after the data, in constraints.sql.
create type "enum_users_statut" as enum ('actif', 'inactif', 'suspendu');
create type "enum_zones_industrielles_unite_mesure" as enum ('m2', 'ha');
create type "enum_zones_industrielles_statut" as enum ('actif', 'inactif', 'en_construction');
create type "enum_lots_statut" as enum ('disponible', 'occupé');
create type "enum_demandes_attribution_statut" as enum (
    'EN_COURS', 'VALIDE', 'REJETE', 'DOCUMENTS_REJETES'
);
create type "enum_demandes_attribution_type_demande" as enum (
    'ZONE_INDUSTRIELLE', 'HORS_ZONE_INDUSTRIELLE'
);
create type "enum_factures_statut" as enum (
    'En attente', 'Payée', 'Échoué', 'Annulée', 'Remboursée'
);
create type "enum_collectes_status" as enum (
    'recouvree', 'partiellement_recouvree', 'non_recouvree', 'reportee'
);
create type "enum_collectes_statut_cloture" as enum ('ouverte', 'cloturee');
create type "enum_collecte_agents_role" as enum ('responsable', 'assistant');
create type "enum_collecte_entreprises_statut_paiement" as enum (
    'en_attente', 'a_jour', 'en_retard', 'paye'
);

-- Only what the foreign keys need, and a password hash that must never reach the warehouse.
create table users (
    id serial,
    nom varchar(255) not null,
    prenoms varchar(255) not null,
    telephone varchar(255) not null,
    email varchar(255) not null,
    mot_de_passe varchar(255) not null,
    role_id integer default 19,
    statut "enum_users_statut" not null default 'actif',
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table operateurs (
    id serial,
    civilite varchar(255) not null,
    nom varchar(255) not null,
    prenoms varchar(255) not null,
    telephone varchar(255),
    email varchar(255),
    user_id integer,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    entreprise_id integer
);

create table domaines_activites (
    id serial,
    code varchar(50) not null,
    libelle varchar(255) not null,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- location and polygon come from postgis.sql, or location alone from points.sql.
create table zones_industrielles (
    id serial,
    code varchar(50) not null,
    libelle varchar(255) not null,
    description text,
    superficie double precision default 0,
    unite_mesure "enum_zones_industrielles_unite_mesure" not null default 'ha',
    lots_disponibles integer default 0,
    adresse text,
    statut "enum_zones_industrielles_statut" not null default 'actif',
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table entreprises (
    id serial,
    raison_sociale varchar(255) not null,
    telephone varchar(20) not null,
    email varchar(255) not null,
    registre_commerce varchar(50),
    compte_contribuable varchar(50),
    forme_juridique varchar(100),
    adresse text,
    date_constitution date,
    domaine_activite_id integer,
    date_creation timestamptz not null,
    date_modification timestamptz not null,
    entreprise_id integer,
    user_id integer
);

create table entreprise_domaines (
    id serial,
    entreprise_id integer,
    domaine_activite_id integer,
    created_at timestamptz
);

create table lots (
    id serial,
    numero varchar(50) not null,
    ilot varchar(50) not null,
    superficie double precision not null,
    unite_mesure varchar(10) not null default 'm2',
    prix numeric(15, 2) not null,
    statut "enum_lots_statut" not null default 'disponible',
    priorite varchar(10) not null default 'normale',
    viabilite boolean not null default true,
    description text,
    coordonnees varchar(255),
    zone_industrielle_id integer not null,
    zone_id integer,
    entreprise_id integer,
    date_acquisition date,
    date_reservation timestamptz,
    delai_option integer,
    polygon text,
    location text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    operateur_id integer
);

create table demandes_attribution (
    id serial,
    reference varchar(50) not null,
    statut "enum_demandes_attribution_statut" default 'EN_COURS',
    etape_courante integer default 1,
    type_demande "enum_demandes_attribution_type_demande" not null,
    entreprise_id integer,
    lot_id integer,
    zone_id integer,
    informations_terrain jsonb,
    coordonnees_geospatiales jsonb,
    financement jsonb not null default '{"devise": "FCFA", "montantTotal": 0, "sources": []}',
    emplois jsonb not null default '{"total": 0, "nationaux": {}, "expatries": {}}',
    priorite varchar(255) not null default '',
    decisions_commissions jsonb default '{}',
    historique_etapes jsonb default '[]',
    retours jsonb default '[]',
    metadata jsonb default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    demandes_attribution integer,
    user_id integer not null
);

create table demande_attribution_lots (
    id serial,
    demande_attribution_id integer not null,
    lot_id integer not null,
    ordre integer default 1,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);

create table historique_demandes (
    id serial,
    demande_attribution_id integer,
    etape_source integer not null,
    etape_destination integer not null,
    action varchar(255) not null,
    statut_avant varchar(50),
    statut_apres varchar(50),
    commentaire text,
    donnees jsonb,
    date_action timestamptz not null,
    utilisateur_id integer,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table collectes (
    id serial,
    reference varchar(50) not null,
    montant_a_recouvrer numeric(15, 2) not null default 0,
    montant_recouvre numeric(15, 2) not null default 0,
    date_debut date not null,
    date_fin_prevue date not null,
    status "enum_collectes_status" not null default 'non_recouvree',
    commentaire text,
    cree_par integer not null,
    modifie_par integer,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    statut_cloture "enum_collectes_statut_cloture" not null default 'ouverte',
    date_cloture timestamptz,
    cloture_par integer,
    entreprises_selectionnees json,
    factures_generees boolean not null default false,
    date_generation_factures timestamptz
);

create table collecte_zones (
    collecte_id integer not null,
    zone_id integer not null
);

create table factures (
    id serial,
    numero_facture varchar(50) not null default 'TEMP-NUMBER',
    date_creation timestamptz not null,
    date_echeance timestamptz,
    date_paiement timestamptz,
    montant_total numeric(15, 2) not null default 0,
    sous_total numeric(15, 2) default 0,
    statut "enum_factures_statut" not null default 'En attente',
    entreprise_id integer not null,
    notes text,
    processus_origine varchar(50) not null default 'COLLECTE_DROIT',
    demande_attribution_id integer,
    collecte_id integer,
    date_derniere_modification timestamptz,
    created_by integer,
    updated_by integer,
    version integer not null default 1,
    is_deleted boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    purge_id integer,
    ayant_droit_id integer
);

create table detail_factures (
    id serial,
    facture_id integer not null,
    description varchar(255) not null,
    quantite numeric(10, 2) not null default 1,
    prix_unitaire numeric(15, 2) not null,
    montant numeric(15, 2) not null,
    montant_ligne numeric(15, 2) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table paiement_factures (
    id serial,
    facture_id integer not null,
    montant numeric(15, 2) not null,
    date_paiement timestamptz not null,
    mode_paiement varchar(50),
    statut varchar(50) not null default 'en_attente',
    reference_paiement varchar(100),
    piece_justificative varchar(255),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table types_agents (
    id serial,
    code varchar(50) not null,
    libelle varchar(100) not null,
    description text,
    actif boolean default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table agents (
    id serial,
    nom varchar(100) not null,
    prenoms varchar(100) not null,
    matricule varchar(20) not null,
    telephone varchar(20),
    email varchar(100),
    type_agent_id integer not null,
    actif boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table collecte_agents (
    role "enum_collecte_agents_role" not null default 'assistant',
    date_assignation timestamptz not null,
    collecte_id integer not null,
    agent_id integer not null
);

create table collecte_entreprises (
    id serial,
    collecte_id integer not null,
    entreprise_id integer not null,
    nombre_mois integer not null default 1,
    libelle_modalite varchar(100) not null default 'Mensuel',
    montant_total numeric(15, 2) not null default 0,
    montant_par_periode numeric(15, 2) not null default 0,
    credit_mois integer not null default 0,
    montant_paye numeric(15, 2) not null default 0,
    montant_restant numeric(15, 2) not null default 0,
    date_dernier_paiement timestamptz,
    date_prochain_paiement timestamptz,
    statut_paiement "enum_collecte_entreprises_statut_paiement" not null default 'en_attente',
    remarques text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
