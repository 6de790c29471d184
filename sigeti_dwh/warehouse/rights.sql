-- Who may read what, in one place: `./run_pipeline.sh roles`, the models' post-hooks and the publication
-- all call proteger or proteger_tout. Without the roles both do nothing; what is in order is not written
-- again. docs/roles.md says what each role may.

create table if not exists dwh_meta.droits_zones (
    login text not null,
    zone_id bigint,
    unique nulls not distinct (login, zone_id)
);
comment on table dwh_meta.droits_zones is
'Zones que voit un compte de lecture, une ligne par zone ; zone_id vide : toutes. Sans ligne, aucune.';
comment on column dwh_meta.droits_zones.login is 'Nom du compte PostgreSQL.';
comment on column dwh_meta.droits_zones.zone_id is
'Zone ; -1 : ce dont la zone est inconnue ; vide : toutes les zones, et ce qui en concerne plusieurs ou aucune.';

create table if not exists dwh_meta.droits_domaines (
    login text not null,
    domaine text not null,
    unique (login, domaine)
);
comment on table dwh_meta.droits_domaines is
'Domaines facultatifs que voit un compte de lecture qui ne voit pas toutes les zones, une ligne par domaine.';
comment on column dwh_meta.droits_domaines.login is 'Nom du compte PostgreSQL.';
comment on column dwh_meta.droits_domaines.domaine is 'Nom du domaine, comme dans DWH_AREAS.';

create table if not exists dwh_meta.utilisateurs_lecteurs (
    login text not null,
    utilisateur_id text not null,
    unique (login, utilisateur_id)
);
comment on table dwh_meta.utilisateurs_lecteurs is
'Clients du domaine saas dont un compte de lecture voit les lignes, un par ligne. Sans ligne, aucun.';
comment on column dwh_meta.utilisateurs_lecteurs.login is 'Nom du compte PostgreSQL.';
comment on column dwh_meta.utilisateurs_lecteurs.utilisateur_id is 'Identifiant du client à la source.';

-- Who asks: the login, or the role it has taken on. Unlike current_user it is the same within views and
-- security definer functions, whoever owns them.
create or replace function dwh_meta.lecteur() returns text
language sql stable parallel safe
return case current_setting('role') when 'none' then session_user::text else current_setting('role') end;

-- The owner of the warehouse and the roles that work on all of it.
create or replace function dwh_meta.voit_tout() returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
select pg_has_role(dwh_meta.lecteur(), current_user, 'usage')
    or exists (
        select from pg_roles
        where rolname in ('dwh_loader', 'dwh_transformer', 'dwh_monitor')
            and pg_has_role(dwh_meta.lecteur(), oid, 'usage')
    )
    or exists (
        select from dwh_meta.droits_zones where login = dwh_meta.lecteur() and zone_id is null
    )
$$;

-- Never the members that stand for several zones, or for what is outside them: who sees some zones only
-- is told nothing of the others.
create or replace function dwh_meta.zones_visibles() returns bigint[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
select coalesce(array_agg(zone_id), '{}')
from dwh_meta.droits_zones
where login = dwh_meta.lecteur() and zone_id >= -1
$$;

-- The same as zones_visibles and the like, for the one operator by which a policy asks for it: PostgreSQL
-- evaluates conditions by their price, and none on a column is cheaper than one operator. A range of
-- nulls would be one without ends.
create or replace function dwh_meta.intervalles(valeurs bigint[]) returns int8multirange
language sql immutable parallel safe
return (
    select coalesce(range_agg(int8range(valeur, valeur, '[]')), '{}')
    from unnest(valeurs) as valeur
    where valeur is not null
);

create or replace function dwh_meta.intervalles_courts(valeurs bigint[]) returns int4multirange
language sql immutable parallel safe
return (
    select coalesce(range_agg(int4range(valeur::integer, valeur::integer, '[]')), '{}')
    from unnest(valeurs) as valeur
    where valeur is not null
);

-- Whether a query is to be planned for somebody who sees all. Not immutable in truth: so that the planner
-- asks it, and a reader of some zones gets a plan in which no index is used without them. Who sees what,
-- the policy asks voit_tout each time; oublier_les_plans has queries planned anew.
create or replace function dwh_meta.planifie_tout() returns boolean
language sql immutable parallel safe security definer
set search_path = pg_catalog, pg_temp
as 'select dwh_meta.voit_tout()';

-- Until the transaction ends. The lock of a row would not do: it is free an instant before other sessions
-- hear what the transaction did to the catalogue, and who changes the same entry in that instant fails
-- ("tuple concurrently updated").
create or replace function dwh_meta.seul_a_donner_des_droits() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table dwh_meta.verrous in share update exclusive mode;
end
$$;

create or replace function dwh_meta.oublier_les_plans() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform dwh_meta.seul_a_donner_des_droits();
    alter function dwh_meta.planifie_tout() cost 100;
    return null;
end
$$;

create or replace trigger plans
after insert or update or delete or truncate on dwh_meta.droits_zones
for each statement execute function dwh_meta.oublier_les_plans();

-- A table of the owner of the warehouse, null when there is none. Whoever asks may name any schema, also
-- one of his own, with views that would run his code as the owner.
create or replace function dwh_meta.table_a_soi(schema_name text, table_name text) returns regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
select c.oid::regclass
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = schema_name and c.relname = table_name
    and c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = current_user
$$;

-- The optional area of a schema, by the loads that it has had; null of SIGETI's own.
create or replace function dwh_meta.domaine(schema_name name) returns text
language sql stable
return (
    select domaine
    from substring(schema_name from '^(?:raw|.*_marts)_([a-z]+)$') as domaine
    where to_regclass(format('raw_%s._chargements', domaine)) is not null
);

-- Who sees all zones sees all areas; others see those that are named for them.
create or replace function dwh_meta.voit_domaine(nom text) returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
select dwh_meta.voit_tout() or exists (
    select from dwh_meta.droits_domaines where login = dwh_meta.lecteur() and domaine = nom
)
$$;

-- The customers whose rows the reader sees.
create or replace function dwh_meta.utilisateurs_visibles() returns text[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
select coalesce(array_agg(utilisateur_id), '{}')
from dwh_meta.utilisateurs_lecteurs
where login = dwh_meta.lecteur()
$$;

-- The column that says whose a row is; null where it is nobody's.
create or replace function dwh_meta.colonne_de_client(relation name) returns name
language sql immutable
return case
    when relation in (
        'dim_utilisateurs', 'fait_evenements', 'fait_recherches', 'fait_factures_saas', 'fait_messages_saas'
    ) then 'utilisateur_id'
    when relation = 'fait_abonnements_mois' then 'client_id'
end;

-- What dim_lots, which holds the source's zones, says for a zone that the reader sees: who sees what
-- belongs to none also sees zones that dim_zones_industrielles does not have.
create or replace function dwh_meta.zones_de_lots_visibles(prefixe text) returns bigint[]
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    visibles bigint[] := dwh_meta.zones_visibles();
    lots regclass := dwh_meta.table_a_soi(prefixe || '_dimensions', 'dim_lots');
    connues regclass := dwh_meta.table_a_soi(prefixe || '_dimensions', 'dim_zones_industrielles');
    orphelines bigint[];
begin
    if -1 = any (visibles) and lots is not null and connues is not null then
        execute format(
            'select array_agg(distinct zone_id) from %s where zone_id not in (select zone_id from %s)',
            lots, connues
        ) into orphelines;
    end if;
    return visibles || orphelines;
end
$$;

create or replace function dwh_meta.demandes_visibles(prefixe text) returns setof integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    attributions regclass := dwh_meta.table_a_soi(prefixe || '_facts', 'fait_attributions');
begin
    if attributions is not null then
        return query execute format(
            'select demande_id from %s where zone_key = any(dwh_meta.zones_visibles())', attributions
        );
    end if;
end
$$;

-- Those with a parcel, a request or an invoice in a zone that the reader sees, and the unknown one.
create or replace function dwh_meta.entreprises_visibles(prefixe text) returns setof integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    lots regclass := dwh_meta.table_a_soi(prefixe || '_dimensions', 'dim_lots');
    attributions regclass := dwh_meta.table_a_soi(prefixe || '_facts', 'fait_attributions');
    finances regclass := dwh_meta.table_a_soi(
        prefixe || '_marts_financier', 'mart_performance_financiere'
    );
begin
    if num_nulls(lots, attributions, finances) > 0 then
        -- Before the first publication nobody sees anything.
        return;
    end if;
    return next -1;
    return query execute format(
        'select entreprise_id from %s where is_current and coalesce(zone_id, -1) = any($2) '
        'union select entreprise_id from %s where zone_key = any($1) '
        'union select entreprise_id from %s where zone_id = any($1)',
        lots, attributions, finances
    ) using dwh_meta.zones_visibles(), dwh_meta.zones_de_lots_visibles(prefixe);
end
$$;

-- A condition that shows nothing of what it hides, whatever is asked beside it and by explain: it comes
-- first, no part of it waits for another condition, and where it can it joins in every use of an index.
-- `visibles` is an array of bigint, of a column of texts one of texts.
create or replace function dwh_meta.condition_muette(valeur text, type_colonne regtype, visibles text)
returns text
language sql immutable
return format(
    '(dwh_meta.planifie_tout() and (select dwh_meta.voit_tout())) or (select %s) @> %s',
    case type_colonne
        when 'text'::regtype then visibles
        when 'bigint'::regtype then format('dwh_meta.intervalles(%s)', visibles)
        else format('dwh_meta.intervalles_courts(%s)', visibles)
    end,
    case type_colonne when 'text'::regtype then format('array[%s]', valeur) else valeur end
);

-- The condition of a relation's policy, null where every reader sees every row. What carries no zone
-- and is not named here would tell totals of all zones: it is for those who see them all.
create or replace function dwh_meta.condition_de_zone(relation regclass) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
select case
    when c.relname in ('dim_temps', 'dim_domaines_activites', 'dim_etapes', 'dim_agents', 'fraicheur')
        then null
    when dwh_meta.domaine(n.nspname) is not null
        then format('(select dwh_meta.voit_domaine(%L))', dwh_meta.domaine(n.nspname))
    when k.attname is not null then dwh_meta.condition_muette(
        quote_ident(k.attname), 'text', 'dwh_meta.utilisateurs_visibles()'
    ) || case
        when k.attnotnull
        then format(' and %I = any ((select dwh_meta.utilisateurs_visibles())::text[])', k.attname)
        else ''
    end
    when c.relname = 'dim_entreprises' then dwh_meta.condition_muette(
        'entreprise_id', 'integer', format(
            'array(select dwh_meta.entreprises_visibles(%L)::bigint)',
            substring(n.nspname from '^(.*)_dimensions$')
        )
    )
    when c.relname = 'dim_lots' then dwh_meta.condition_muette(
        'coalesce(zone_id, -1)', z.atttypid, format(
            'dwh_meta.zones_de_lots_visibles(%L)', substring(n.nspname from '^(.*)_dimensions$')
        )
    )
    when z.attnotnull then dwh_meta.condition_muette(
        quote_ident(z.attname), z.atttypid, 'dwh_meta.zones_visibles()'
    ) || format(' and %I = any ((select dwh_meta.zones_visibles())::bigint[])', z.attname)
    when z.attname is not null then dwh_meta.condition_muette(
        format('coalesce(%I, -1)', z.attname), z.atttypid, 'dwh_meta.zones_visibles()'
    )
    when c.relname = 'pont_attributions_lots' then dwh_meta.condition_muette(
        'demande_id', 'integer', format(
            'array(select dwh_meta.demandes_visibles(%L)::bigint)',
            substring(n.nspname from '^(.*)_facts$')
        )
    )
    else 'dwh_meta.planifie_tout() and (select dwh_meta.voit_tout())'
end
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select attname, attnotnull, atttypid from pg_attribute
    where attrelid = c.oid and attname in ('zone_key', 'zone_id') and not attisdropped
    order by attname desc limit 1
) z on true
left join pg_attribute k
    on k.attrelid = c.oid and k.attname = dwh_meta.colonne_de_client(c.relname) and not k.attisdropped
where c.oid = relation
$$;

-- What each role may do in each layer. `coordonnees` says whether it may read contact details, `par_zone`
-- whether its logins see the rows of their zones only.
create or replace view dwh_meta.droits_roles as
select role, couche, droits, coordonnees, par_zone
from (values
    ('bi_reader', '{marts}', '{select}', false, true),
    ('dwh_analyst', '{dimensions,facts,marts}', '{select}', false, true),
    ('dwh_monitor', '{raw,reference,staging,snapshots,dimensions,facts,preparation,marts,qualite,meta}',
        '{select}', false, false),
    ('dwh_loader', '{raw,meta}', '{select,insert,update,delete,truncate}', true, false),
    ('dwh_transformer', '{raw,reference,staging,qualite}', '{select}', true, false),
    ('dwh_transformer', '{snapshots,dimensions,facts,preparation,marts,meta}',
        '{select,insert,update,delete}', true, false)
) as regles (role, couches, droits_en_texte, coordonnees, par_zone)
cross join lateral unnest(couches::text[]) as couche
cross join lateral (select droits_en_texte::text[] as droits) as d
where to_regrole(role) is not null;

-- settings.py refuses a prefix that would itself pass for a layer.
create or replace function dwh_meta.couche(schema_name name) returns text
language sql stable
return case
    when schema_name in ('raw_sigeti', 'dwh_suivi') or dwh_meta.domaine(schema_name) is not null
        and starts_with(schema_name, 'raw_') then 'raw'
    when schema_name = 'dwh_meta' then 'meta'
    when schema_name = 'dwh_reference' then 'reference'
    else substring(
        schema_name from
        '_(staging|snapshots|dimensions|facts|preparation|marts|qualite)(?:_[a-z]+)?$'
    )
end;

-- Columns by which somebody can be reached. A zone's address is that of a place.
create or replace function dwh_meta.est_coordonnee(relation name, colonne name) returns boolean
language sql immutable
return relation !~ 'zones_industrielles'
    and colonne ~* '(phone|portable|mobile|fax|mail|courriel|adresse|contact)';

-- Where a test keeps what it found in a column, whatever that holds.
create or replace function dwh_meta.est_valeur_trouvee(couche text, colonne name) returns boolean
language sql immutable
return couche = 'qualite' and colonne in ('valeur', 'value_field', 'unique_field');

-- Texts that name an enterprise, a parcel, a request or an invoice.
create or replace function dwh_meta.est_nom(colonne name) returns boolean
language sql immutable
return colonne ~* '(raison_sociale|numero|registre|contribuable|reference)';

-- The planner's statistics of a column hold values of rows in all zones, and what explain expects of a
-- comparison tells them one by one. No query of a night or of a dashboard needs those of names.
create or replace function dwh_meta.taire_les_noms(relation regclass) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    colonne record;
begin
    for colonne in
        select nspname, relname, attname
        from pg_attribute
        join pg_class c on c.oid = attrelid
        join pg_namespace n on n.oid = relnamespace
        where attrelid = relation and attnum > 0 and not attisdropped
            and atttypid = 'text'::regtype and dwh_meta.est_nom(attname)
            and attstattarget is distinct from 0
    loop
        execute format('alter table %s alter column %I set statistics 0', relation, colonne.attname);
        -- Those of before, which older servers keep.
        if to_regprocedure('pg_clear_attribute_stats(text, text, text, boolean)') is not null then
            perform pg_clear_attribute_stats(
                colonne.nspname::text, colonne.relname::text, colonne.attname::text, false
            );
        end if;
    end loop;
end
$$;

-- Gives the roles their rights on one relation, and its rows their policy; takes back what else the roles
-- were given there.
create or replace function dwh_meta.proteger(relation regclass) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
    regle record;
    droit text;
    ordre text;
    colonnes text;
    a_taire name[];
    par_colonne boolean;
    condition text;
    patience text := current_setting('lock_timeout');
begin
    select n.nspname, r.relname, r.relkind, r.relrowsecurity, r.relacl,
        case
            when r.oid <> all (array[
                'dwh_meta.droits_zones', 'dwh_meta.droits_domaines', 'dwh_meta.utilisateurs_lecteurs',
                'dwh_meta.nuit', 'dwh_meta.verrous'
            ]::regclass[])
                then dwh_meta.couche(n.nspname)
        end as couche,
        -- Other views read as their owner, whom no policy concerns, or hold what he has read.
        r.relkind in ('r', 'p') or exists (
            select from pg_options_to_table(r.reloptions)
            where option_name = 'security_invoker' and option_value::boolean
        ) as est_filtree
    into c
    from pg_class r join pg_namespace n on n.oid = r.relnamespace
    where r.oid = relation;
    if to_regrole('bi_reader') is null then
        return;
    end if;
    -- First the policy, so that no right opens rows it would hide.
    condition := case
        when c.couche in ('dimensions', 'facts', 'marts') and c.relkind in ('r', 'p')
        then dwh_meta.condition_de_zone(relation)
    end;
    if condition is not null and md5(condition) is distinct from (
        select obj_description(oid, 'pg_policy') from pg_policy
        where polrelid = relation and polname = 'zones' and c.relrowsecurity
    ) then
        -- All who come later to read wait behind this.
        perform set_config('lock_timeout', '2s', true);
        execute format('alter table %s enable row level security', relation);
        execute format('drop policy if exists zones on %s', relation);
        execute format('create policy zones on %s using (%s)', relation, condition);
        execute format('comment on policy zones on %s is %L', relation, md5(condition));
        perform set_config('lock_timeout', patience, true);
    end if;
    if condition is not null then
        perform dwh_meta.taire_les_noms(relation);
    end if;
    select coalesce(array_agg(attname), '{}') into a_taire
    from pg_attribute
    where attrelid = relation and attnum > 0 and not attisdropped
        and (dwh_meta.est_coordonnee(c.relname, attname) or dwh_meta.est_valeur_trouvee(c.couche, attname));
    for regle in
        select groupe.role, groupe.coordonnees, coalesce(d.droits, '{}') as droits
        from (select distinct role, coordonnees, par_zone from dwh_meta.droits_roles) as groupe
        left join dwh_meta.droits_roles as d
            on d.role = groupe.role and d.couche = c.couche
                and (c.est_filtree or not groupe.par_zone)
    loop
        par_colonne := cardinality(a_taire) > 0 and not regle.coordonnees;
        for ordre in
            select format('revoke %s on %s from %I cascade', privilege_type, relation, regle.role)
            from aclexplode(c.relacl)
            where grantee = regle.role::regrole
                and (par_colonne or lower(privilege_type) <> all (regle.droits))
            union all
            select format(
                'revoke %s (%I) on %s from %I cascade', privilege_type, attname, relation, regle.role
            )
            from pg_attribute
            cross join lateral aclexplode(attacl)
            where attrelid = relation and not attisdropped and grantee = regle.role::regrole
                and (lower(privilege_type) <> all (regle.droits)
                    or par_colonne and attname = any (a_taire))
        loop
            execute ordre;
        end loop;
        if cardinality(regle.droits) > 0
            and not has_schema_privilege(regle.role, c.nspname, 'usage')
        then
            -- Models of one schema are built at the same time.
            perform dwh_meta.seul_a_donner_des_droits();
            execute format('grant usage on schema %I to %I', c.nspname, regle.role);
            -- Of a table to come, only roles that read every row and column: the others' right
            -- comes with its policy, in the transaction that makes it.
            if regle.coordonnees and c.couche <> 'meta' then
                execute format(
                    'alter default privileges in schema %I grant %s on tables to %I',
                    c.nspname, array_to_string(regle.droits, ', '), regle.role
                );
            end if;
        end if;
        foreach droit in array regle.droits loop
            if par_colonne then
                select string_agg(quote_ident(attname), ', ') into colonnes
                from pg_attribute
                where attrelid = relation and attnum > 0 and not attisdropped
                    and attname <> all (a_taire)
                    and not has_column_privilege(regle.role, relation, attnum, droit);
                if colonnes is not null then
                    execute format('grant %s (%s) on %s to %I', droit, colonnes, relation, regle.role);
                end if;
            elsif not has_table_privilege(regle.role, relation, droit) then
                execute format('grant %s on %s to %I', droit, relation, regle.role);
            end if;
        end loop;
    end loop;
end
$$;

create or replace function dwh_meta.relations_de(prefixe text) returns setof regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
select c.oid::regclass
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and dwh_meta.couche(n.nspname) is not null
    and (dwh_meta.couche(n.nspname) = 'raw' or n.nspname in ('dwh_meta', 'dwh_reference')
        or starts_with(n.nspname, prefixe || '_'))
order by c.oid
$$;

-- What belongs to somebody else cannot be protected; `./run_pipeline.sh roles` names it.
create or replace function dwh_meta.relations_a_proteger(prefixe text) returns setof regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
select relation
from dwh_meta.relations_de(prefixe) as relation
join pg_class c on c.oid = relation
where pg_has_role(c.relowner, 'usage')
order by relation
$$;

-- The function that searches reads as its owner, and leaves out itself what its reader may not see.
create or replace function dwh_meta.proteger_recherche(prefixe text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fonction regprocedure := to_regprocedure(prefixe || '_marts_clients.rechercher(text, integer)');
    lecteur text;
begin
    foreach lecteur in array array['bi_reader', 'dwh_analyst'] loop
        if fonction is not null and to_regrole(lecteur) is not null
            and not has_function_privilege(lecteur, fonction, 'execute')
        then
            execute format('grant execute on function %s to %I', fonction, lecteur);
        end if;
    end loop;
end
$$;

create or replace function dwh_meta.proteger_tout(prefixe text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
select dwh_meta.proteger(relation)
from dwh_meta.relations_a_proteger(prefixe) as relation
where to_regrole('bi_reader') is not null;
select dwh_meta.proteger_recherche(prefixe);
$$;
