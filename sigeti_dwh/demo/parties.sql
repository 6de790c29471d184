-- Who and where: users, sectors, zones, enterprises. Every name, number and address is invented:
-- the domain .example and the prefixes +225 00 and 99 belong to nobody.
insert into users (
    id, nom, prenoms, telephone, email, mot_de_passe, role_id, statut, created_at, updated_at
)
select
    id,
    pick(id, 'u.nom', array[
        'Kouassi', 'Koné', 'Traoré', 'N''Guessan', 'Yao', 'Ouattara', 'Zadi', 'Gbagbi'
    ]),
    pick(id, 'u.prenoms', array[
        'Aya', 'Awa', 'Jean-Noël', 'Désiré', 'Fatou', 'Hervé', 'Inès', 'Moïse'
    ]),
    '+225 99' || lpad(id::text, 8, '0'),
    'user' || id || '@sigeti.example',
    '$2b$10$' || md5('demo ' || id) || left(md5('hash ' || id), 21),
    case when id <= size('staff') then 1 + id % 6 else 19 end,
    'actif',
    office_hour(2900, id, 'u.created'),
    office_hour(1 + draw(id, 'u.updated', 2800), id, 'u.updated hour')
from generate_series(1, size('staff') + size('entreprises')) as id;

insert into operateurs (
    id, civilite, nom, prenoms, telephone, email, user_id, created_at, updated_at, entreprise_id
)
select
    id - size('staff'), 'M', nom, prenoms, telephone, email, id, created_at, updated_at,
    id - size('staff')
from users
where id > size('staff') and id <= size('staff') + size('operateurs');

insert into domaines_activites (id, code, libelle, description, created_at, updated_at)
select
    nth,
    case when nth = 4 then ' CHIM ' else code end,
    libelle,
    case nth % 3 when 0 then 'Activités relevant du secteur : ' || libelle when 1 then '' end,
    office_hour(2800, nth, 's.created'),
    office_hour(1 + draw(nth, 's.updated', 1200), nth, 's.updated hour')
from unnest(
    array[
        'AGRO', 'CACAO', 'ANAC', 'CHIM', 'PLAST', 'BTP', 'META', 'TEXT', 'BOIS', 'PHARM',
        'ENER', 'LOGI', 'PAPI', 'BRASS', 'COSM', 'RECY', 'ELEC', 'ART'
    ],
    array[
        'Agroalimentaire', 'Transformation du cacao', 'Anacarde et noix', 'Chimie et pétrochimie',
        'Plasturgie', 'Matériaux de construction', 'Métallurgie', 'Textile et habillement',
        'Bois et ameublement', 'Pharmacie et santé', 'Énergie', 'Logistique et entreposage',
        'Papier et emballage', 'Boissons et brasserie', 'Cosmétique et savonnerie',
        'Recyclage et déchets', 'Équipements électriques', 'Œuvres d''art et artisanat'
    ]
) with ordinality as sectors (code, libelle, nth);

insert into zones_industrielles (
    id, code, libelle, description, superficie, unite_mesure, lots_disponibles, adresse, statut,
    created_at, updated_at
)
select
    id,
    case when id % 12 = 5 then ' ZI-' || padded(id) || ' ' else 'ZI-' || padded(id) end,
    'Zone industrielle ' || (array[
        'de Yopougon', 'de Koumassi', 'de Vridi', 'd''Akoupé-Zeudji (PK24)', 'de Bouaké',
        'de San-Pédro', 'de Korhogo', 'de Yamoussoukro', 'de Daloa', 'de Man', 'd''Abengourou',
        'de Ferkessédougou', 'de Gagnoa', 'd''Odienné', 'de Séguéla', 'de Bondoukou',
        'de Dimbokro', 'd''Anyama', 'de Bingerville', 'de Grand-Bassam', 'd''Agboville',
        'de Divo', 'de Soubré', 'd''Aboisso'
    ])[1 + (id - 1) % 24] || case when id > 24 then ' – extension ' || (id - 1) / 24 else '' end,
    case id % 4 when 0 then '' when 1 then 'Zone aménagée près de l''axe routier' end,
    case when id % 12 = 6 then 10000 else 1 end * (40 + draw(id, 'z.superficie', 300)),
    case when id % 12 = 6 then 'm2' else 'ha' end::"enum_zones_industrielles_unite_mesure",
    -- A counter that the application never kept right.
    draw(id, 'z.lots_disponibles', 40),
    case
        when id % 5 = 2 then ' '
        else 'Km ' || 1 + draw(id, 'z.adresse', 30) || ', Côte d''Ivoire'
    end,
    case id % 12 when 9 then 'inactif' when 11 then 'en_construction' else 'actif' end
        ::"enum_zones_industrielles_statut",
    office_hour(2500 - draw(id, 'z.created', 900), id, 'z.created hour'),
    office_hour(1 + draw(id, 'z.updated', 1500), id, 'z.updated hour')
from generate_series(1, size('zones')) as id;

insert into entreprises (
    id, raison_sociale, telephone, email, registre_commerce, compte_contribuable, forme_juridique,
    adresse, date_constitution, domaine_activite_id, date_creation, date_modification,
    entreprise_id, user_id
)
select
    id,
    case when id % 19 = 4 then '  ' || name || ' ' else name end,
    '+225 00' || lpad(id::text, 8, '0'),
    'contact@entreprise-' || padded(id) || '.example',
    case id % 9
        when 2 then ''
        when 5 then null
        else 'CI-ABJ-' || 1990 + draw(id, 'e.registre', 30) || '-B-' || padded(id)
    end,
    case
        when id % 7 = 3 then ' '
        else padded(id) || pick(id, 'e.compte', array['A', 'B', 'C', 'K'])
    end,
    pick(id, 'e.forme', array[
        'SA', 'SA', 'SARL', 'SARL', 'SARL', 'SAS', 'SARLU', 'EURL', null, ''
    ]),
    case
        when id % 6 <> 1 then 'Îlot ' || 1 + draw(id, 'e.block', 90) || ', ' || pick(
            id, 'e.town', array['Abidjan', 'Bouaké', 'San-Pédro', 'Korhogo', 'Yamoussoukro']
        )
    end,
    case
        when id % 8 <> 6 then
            to_timestamp(horizon() - 86400 * (age + draw(id, 'e.constitution', 6000)))::date
    end,
    case when id % 10 <> 3 and id % 29 <> 8 then 1 + draw(id, 'e.sector', size('domaines')) end,
    office_hour(age, id, 'e.created hour'),
    office_hour(1 + draw(id, 'e.updated', age - 1), id, 'e.updated hour'),
    case when id % 4 = 0 then 1 + draw(id, 'e.misleading', size('domaines')) end,
    case when id % 11 <> 0 then size('staff') + id end
from (
    select
        id,
        case
            when id <= size('applicants') then 1100 + draw(id, 'e.age', 1500)
            else 20 + draw(id, 'e.age', 300)
        end as age,
        pick(id, 'e.kind', array[
            'Société ivoirienne de ', 'Compagnie générale de ', 'Manufacture ivoirienne de ',
            'Établissements de ', 'Groupe de ', 'Nouvelle société de ', 'Œuvre coopérative de ',
            'Comptoir de ', 'Ateliers réunis de ', 'Grands chantiers de '
        ])
        || pick(id, 'e.trade', array[
            'torréfaction', 'cacao', 'plasturgie', 'ciment', 'filature', 'meunerie', 'câblerie',
            'savonnerie', 'conserverie', 'scierie', 'mécanique générale', 'boissons', 'peinture',
            'froid industriel', 'chaudronnerie', 'charpente métallique', 'noix de cajou',
            'pharmacie'
        ])
        || pick(id, 'e.place', array[
            ' du Banco', ' de la Lagune', ' du Bandama', ' de la Comoé', ' du Cavally',
            ' du N''Zi', ' de l''Agnéby', ' du Sassandra', ' de la Marahoué', ' du Tchologo',
            ' de l''Indénié', ' du Gbêkê'
        ])
        || case when id > 2000 then ' ' || id else '' end as name
    from generate_series(1, size('entreprises')) as id
    offset 0
) as identities;

-- Main sector in the bridge, main sector elsewhere, bridge only, main only, neither.
insert into entreprise_domaines (id, entreprise_id, domaine_activite_id, created_at)
select
    row_number() over (order by entreprise.id, nth),
    entreprise.id,
    1 + (draw(entreprise.id, 'e.sector', size('domaines')) + nth * 5) % size('domaines'),
    entreprise.date_creation
from entreprises as entreprise
cross join lateral generate_series(
    case when entreprise.id % 10 = 5 then 1 else 0 end,
    case
        when entreprise.id % 10 in (1, 2, 6) or entreprise.id % 29 = 8 then -1
        when entreprise.id % 10 = 5 then 1 + draw(entreprise.id, 'e.sectors', 2)
        else draw(entreprise.id, 'e.sectors', 3)
    end
) as nth;
