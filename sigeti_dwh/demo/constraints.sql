alter table users add primary key (id), add unique (email), add unique (telephone);
alter table operateurs add primary key (id);
alter table domaines_activites add primary key (id), add unique (code);
alter table zones_industrielles add primary key (id), add unique (code);
alter table entreprises add primary key (id), add unique (email);
alter table entreprise_domaines
    add primary key (id), add unique (entreprise_id, domaine_activite_id);
alter table lots add primary key (id), add unique (numero);
alter table demandes_attribution add primary key (id), add unique (reference);
alter table demande_attribution_lots
    add primary key (id), add unique (demande_attribution_id, lot_id);
alter table historique_demandes add primary key (id);
alter table collectes add primary key (id), add unique (reference);
alter table collecte_zones add primary key (collecte_id, zone_id);
alter table factures add primary key (id), add unique (numero_facture);
alter table detail_factures add primary key (id);
alter table paiement_factures add primary key (id);
alter table types_agents add primary key (id);
alter table agents add primary key (id);
alter table collecte_agents add primary key (collecte_id, agent_id);
alter table collecte_entreprises add primary key (id);
alter table conventions add primary key (id), add unique (numero_convention);
alter table commissaires_justice add primary key (id), add unique (email);
alter table type_infractions add primary key (id);
alter table workflow_infractions add primary key (id);
alter table workflow_infractions_conventions add primary key (id);
alter table suivis_implantation add primary key (id);
alter table etapes_suivi_implantation add primary key (id);
alter table impenses add primary key (id), add unique (numero_dossier);
alter table detenteurs add primary key (id);
alter table indemnisations add primary key (id);
alter table paiements_indemnisation add primary key (id);
alter table retrait_lots add primary key (id);
alter table "retrait_Conventions" add primary key (id);
alter table types_incident add primary key (id), add unique (label);
alter table statuts_incident add primary key (id), add unique (description), add unique (label);
alter table sinistres add primary key (id), add unique (reference);

alter table operateurs
    add foreign key (user_id) references users on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null;
alter table entreprises
    add foreign key (domaine_activite_id) references domaines_activites,
    add foreign key (entreprise_id) references domaines_activites on delete set null,
    add foreign key (user_id) references users on delete set null;
alter table entreprise_domaines
    add foreign key (entreprise_id) references entreprises on delete cascade,
    add foreign key (domaine_activite_id) references domaines_activites on delete cascade;
alter table lots
    add foreign key (zone_industrielle_id) references zones_industrielles,
    add foreign key (zone_id) references zones_industrielles on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null,
    add foreign key (operateur_id) references operateurs on delete set null;
alter table demandes_attribution
    add foreign key (demandes_attribution) references operateurs on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null,
    add foreign key (lot_id) references lots on delete set null,
    add foreign key (user_id) references users on delete restrict,
    add foreign key (zone_id) references zones_industrielles;
alter table demande_attribution_lots
    add foreign key (demande_attribution_id) references demandes_attribution on delete cascade,
    add foreign key (lot_id) references lots on delete cascade;
alter table historique_demandes
    add foreign key (demande_attribution_id) references demandes_attribution on delete set null,
    add foreign key (utilisateur_id) references users on delete set null;
alter table collecte_zones
    add foreign key (collecte_id) references collectes on delete cascade,
    add foreign key (zone_id) references zones_industrielles on delete cascade;
alter table factures
    add foreign key (collecte_id) references collectes on delete cascade,
    add foreign key (demande_attribution_id) references demandes_attribution on delete set null,
    add foreign key (entreprise_id) references entreprises;
alter table detail_factures
    add foreign key (facture_id) references factures on delete cascade;
alter table paiement_factures
    add foreign key (facture_id) references factures on delete cascade;
alter table agents
    add foreign key (type_agent_id) references types_agents;
alter table collecte_agents
    add foreign key (agent_id) references agents on delete cascade,
    add foreign key (collecte_id) references collectes on delete cascade;
alter table collecte_entreprises
    add foreign key (collecte_id) references collectes on delete cascade,
    add foreign key (entreprise_id) references entreprises on delete cascade;
alter table conventions
    add foreign key (cree_par) references users on delete set null;
alter table workflow_infractions
    add foreign key (commissaire_justice_id) references users on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null,
    add foreign key (lot_id) references lots on delete set null,
    add foreign key (operateur_id) references operateurs on delete set null;
alter table workflow_infractions_conventions
    add foreign key (commissaire_justice_id) references commissaires_justice on delete set null,
    add foreign key (convention_id) references conventions on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null,
    add foreign key (operateur_id) references operateurs on delete set null;
alter table suivis_implantation
    add foreign key (demande_attribution_id) references demandes_attribution on delete set null;
alter table etapes_suivi_implantation
    add foreign key (suivi_implantation_id) references suivis_implantation on delete set null;
alter table impenses
    add foreign key (cloturee_par) references users on delete set null,
    add foreign key (dex_id) references users on delete set null,
    add foreign key (dex_rapport_id) references users on delete set null,
    add foreign key (entreprise_id) references entreprises on delete set null,
    add foreign key (expert_id) references users on delete set null,
    add foreign key (lot_id) references lots on delete set null,
    add foreign key (operateur_id) references operateurs on delete set null;
alter table indemnisations
    add foreign key (detenteur_id) references detenteurs on delete cascade,
    add foreign key (zone_id) references zones_industrielles on delete set null;
alter table paiements_indemnisation
    add foreign key (detenteur_id) references detenteurs,
    add foreign key (indemnisation_id) references indemnisations on delete cascade;
alter table retrait_lots
    add foreign key (lot_id) references lots on delete set null;
alter table "retrait_Conventions"
    add foreign key (convention_id) references conventions on delete set null;
alter table sinistres
    add foreign key (commissaire_justice_id) references users on delete set null,
    add foreign key (statut_incident_id) references statuts_incident,
    add foreign key (type_incident_id) references types_incident;
