-- What is published for each word, whether that closes a letter, and for which field.
select *
from (values
    ('statut', 'brouillon', false, 'draft brouillon'),
    ('statut', 'à traiter', false, 'new todo to_do pending nouveau a_traiter en_attente'),
    ('statut', 'en cours', false, 'open active in_progress ouvert en_cours'),
    ('statut', 'en validation', false, 'review in_review en_validation a_valider'),
    ('statut', 'validé', false, 'approved validated valide'),
    ('statut', 'envoyé', true, 'sent envoye'),
    ('statut', 'terminé', true, 'completed done closed resolved termine clos ferme'),
    ('statut', 'archivé', true, 'archived archive'),
    ('statut', 'annulé', true, 'cancelled canceled rejected annule rejete'),
    ('priorite', 'basse', null, 'low basse faible'),
    ('priorite', 'normale', null, 'normal medium normale moyenne'),
    ('priorite', 'haute', null, 'high haute elevee'),
    ('priorite', 'urgente', null, 'urgent critical urgente critique')
) as m (champ, publie, clot, mots)
