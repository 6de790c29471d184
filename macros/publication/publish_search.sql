{# Post-hook of the publication: the function rechercher and its indexes, where the server has pg_trgm and unaccent.
   What it finds is published; parcels are those of the dimension.
   The function reads as the owner of the tables, since a policy would keep pg_trgm's operators from using
   an index, and leaves out itself what its reader may not see. See docs/search.md. #}
{% macro publish_search() -%}
    {{ return(adapter.dispatch('publish_search', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__publish_search() -%}
{%- if not execute -%}
    {#- dbt renders hooks while it parses. -#}
    {{ return('') }}
{%- endif -%}
{%- set clients = target.schema ~ '_marts_clients' -%}
{%- set portfolio = api.Relation.create(target.database, clients, 'mart_portefeuille_clients') -%}
{%- if flags.WHICH != 'build' or not has_relation(portfolio) or not has_search_extensions() -%}
    {{ return('select 1') }}
{%- endif -%}
{%- set trigrams = extension_schema('pg_trgm') -%}
{%- set text = create_search_text() -%}
{%- set is_same_text = has_definition(portfolio, 'texte', text) -%}
{%- set made -%}
{{ text }}
-- Invoices were looked for in their fact.
drop index if exists {{ target.schema }}_facts.recherche_factures;
{%- for index in search_indexes() %}
create index if not exists {{ index.name }} on {{ target.schema }}_{{ index.table }}
using gin ({{ index.expression | replace('gin_trgm_ops', trigrams ~ '.gin_trgm_ops') }}){{ index.where }};
{%- endfor %}
{{ create_search(clients, trigrams) }}
{%- endset -%}
{%- if not has_definition(portfolio, 'recherche', made) or not has_search(clients) -%}
    {%- if not is_same_text -%}
        {#- The indexes hold what the former function made of the names. -#}
        {%- for index in search_indexes() -%}
            {%- do run_query("drop index if exists " ~ index_schema(index) ~ "." ~ index.name) -%}
        {%- endfor -%}
        {%- do record_definition(portfolio, 'texte', text) -%}
    {%- endif -%}
    {%- do run_query(made) -%}
    {%- do record_definition(portfolio, 'recherche', made) -%}
{%- endif -%}
    select 1
{%- endmacro %}

{# pg_trgm and unaccent, created now where the server has them and lets us: both are trusted. #}
{% macro has_search_extensions() -%}
    {%- set present = "select 1 from pg_extension where extname in ('pg_trgm', 'unaccent')" -%}
    {%- if run_query(present).rows | length < 2 -%}
        {%- do run_query(
            "do $$ begin create extension if not exists pg_trgm schema " ~ meta_schema() ~ "; "
            ~ "create extension if not exists unaccent schema " ~ meta_schema() ~ "; "
            ~ "exception when insufficient_privilege or undefined_file or feature_not_supported "
            ~ "then null; end $$"
        ) -%}
    {%- endif -%}
    {{ return(run_query(present).rows | length == 2) }}
{%- endmacro %}

{% macro extension_schema(name) -%}
    {{ return(
        run_query(
            "select extnamespace::regnamespace::text from pg_extension where extname = '" ~ name ~ "'"
        ).rows[0][0]
    ) }}
{%- endmacro %}

{# Whether nothing of it is missing: a table or an extension that was dropped took its part along. #}
{% macro has_search(schema) -%}
    {%- set parts = [
        "to_regprocedure('" ~ schema ~ ".rechercher(text, integer)')",
        "to_regprocedure('" ~ meta_schema() ~ ".texte_recherche(text)')",
    ] -%}
    {%- for index in search_indexes() -%}
        {%- do parts.append("to_regclass('" ~ index_schema(index) ~ "." ~ index.name ~ "')") -%}
    {%- endfor -%}
    {{ return(run_query("select num_nulls(" ~ parts | join(', ') ~ ")").rows[0][0] == 0) }}
{%- endmacro %}

{% macro index_schema(index) -%}
    {{ return(target.schema ~ '_' ~ index.table.split('.')[0]) }}
{%- endmacro %}

{% macro search_indexes() -%}
    {{ return([
        {
            'name': 'recherche_entreprises',
            'table': 'marts_clients.mart_portefeuille_clients',
            'expression': meta_schema() ~ '.texte_recherche(raison_sociale) gin_trgm_ops',
            'where': '',
        },
        {
            'name': 'recherche_entreprises_mots',
            'table': 'marts_clients.mart_portefeuille_clients',
            'expression': "to_tsvector('french', " ~ meta_schema() ~ '.texte_recherche(raison_sociale))',
            'where': '',
        },
        {
            'name': 'recherche_lots',
            'table': 'dimensions.dim_lots',
            'expression': meta_schema() ~ '.texte_recherche(numero_lot) gin_trgm_ops',
            'where': ' where is_current',
        },
        {
            'name': 'recherche_factures',
            'table': 'marts_clients.mart_factures_clients',
            'expression': meta_schema() ~ '.texte_recherche(numero_facture) gin_trgm_ops',
            'where': '',
        },
    ]) }}
{%- endmacro %}

{# Text as the indexes hold it: in lower case, without accents and ligatures. normalise_text costs ten times
   as much, which a search pays for every name that it looks at. #}
{% macro create_search_text() -%}
{%- set accents = extension_schema('unaccent') ~ '.unaccent' -%}
create or replace function {{ meta_schema() }}.texte_recherche(texte text) returns text
language sql immutable parallel safe
return lower({{ accents }}(cast('{{ accents }}' as regdictionary), normalize(btrim(texte), nfc)));
{%- endmacro %}

{% macro create_search(schema, trigrams) -%}
-- pg_trgm knows its settings once it is loaded.
select {{ trigrams }}.similarity('a', 'b');

create or replace function {{ schema }}.rechercher(texte text, limite integer default 20)
returns table (objet text, identifiant integer, libelle text, surligne text, pertinence real)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
set pg_trgm.word_similarity_threshold = 0.5
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $rechercher$
#variable_conflict use_column
declare
    voulu text := {{ meta_schema() }}.texte_recherche(left(texte, 200));
    motif text := replace(replace(replace(voulu, '\', '\\'), '%', '\%'), '_', '\_');
    -- A part of one or two letters is looked for at the beginning of words.
    partie text := case when length(voulu) < 3 then motif || '%' else '%' || motif || '%' end;
    suite text := case when length(voulu) < 3 then '% ' || motif || '%' else partie end;
    -- The longest words: a typo is looked for in each of them.
    longs text[] := array(
        select mot from regexp_split_to_table(voulu, '[^[:alnum:]]+') as mot
        where length(mot) > 2 order by length(mot) desc, mot limit 3
    );
    mots tsquery := websearch_to_tsquery('french', voulu);
    tout boolean := {{ meta_schema() }}.voit_tout();
    zones bigint[] := {{ meta_schema() }}.zones_visibles();
    zones_de_lots bigint[] := {{ meta_schema() }}.zones_de_lots_visibles('{{ target.schema }}');
    -- More candidates than this are not ranked: the text says too little.
    candidats constant integer := 200;
    clients integer[];
begin
    limite := least(coalesce(limite, 20), candidats);
    if coalesce(voulu, '') = '' or limite < 1 or not (tout or cardinality(zones) > 0) then
        return;
    end if;
    if not tout then
        clients := array(select {{ meta_schema() }}.entreprises_visibles('{{ target.schema }}'));
    end if;
    return query
    with exactes as (
        select entreprise_id, raison_sociale
        from {{ schema }}.mart_portefeuille_clients
        where ({{ meta_schema() }}.texte_recherche(raison_sociale) like partie
                or (length(voulu) < 3
                    and {{ meta_schema() }}.texte_recherche(raison_sociale) like suite))
            and (tout or entreprise_id in (select unnest(clients)))
        limit candidats
    ),
    parlantes as (
        select entreprise_id, raison_sociale
        from {{ schema }}.mart_portefeuille_clients
        where (select count(*) from exactes) < limite
            and to_tsvector('french', {{ meta_schema() }}.texte_recherche(raison_sociale)) @@ mots
            and (tout or entreprise_id in (select unnest(clients)))
        limit candidats
    ),
    proches as (
        select entreprise_id, raison_sociale
        from {{ schema }}.mart_portefeuille_clients
        where (select count(*) from exactes) + (select count(*) from parlantes) < limite
            and longs[1] operator({{ trigrams }}.<%) {{ meta_schema() }}.texte_recherche(raison_sociale)
            and (longs[2] is null
                or longs[2] operator({{ trigrams }}.<%) {{ meta_schema() }}.texte_recherche(raison_sociale))
            and (longs[3] is null
                or longs[3] operator({{ trigrams }}.<%) {{ meta_schema() }}.texte_recherche(raison_sociale))
            and (tout or entreprise_id in (select unnest(clients)))
        limit candidats
    ),
    entreprises as (
        select 'entreprise' as objet, entreprise_id as identifiant, raison_sociale as libelle,
            raison_sociale as cherche
        from (
            select * from exactes
            union select * from parlantes
            union select * from proches
        ) as clientes
    ),
    lieux as (
        select 'zone', zone_id, nom_zone, nom_zone
        from {{ target.schema }}_marts_occupation.mart_occupation_zones
        where (tout or zone_id = any (zones))
            and ({{ meta_schema() }}.texte_recherche(nom_zone) like any (array[partie, suite])
                or (length(voulu) > 2
                    and voulu operator({{ trigrams }}.<%) {{ meta_schema() }}.texte_recherche(nom_zone)))
    ),
    parcelles as (
        select 'lot', lots.lot_id,
            concat_ws(', ', lots.numero_lot, lots.ilot, lieu.nom_zone), lots.numero_lot
        from (
            select lot_id, numero_lot, ilot, zone_id
            from {{ target.schema }}_dimensions.dim_lots
            where is_current
                and {{ meta_schema() }}.texte_recherche(numero_lot) like partie
                and (tout or coalesce(zone_id, -1) = any (zones_de_lots))
            limit candidats
        ) as lots
        left join {{ target.schema }}_marts_occupation.mart_occupation_zones as lieu
            on lots.zone_id = lieu.zone_id
    ),
    pieces as (
        select 'facture', facture_id, numero_facture, numero_facture
        from {{ schema }}.mart_factures_clients
        where length(voulu) > 2
            and {{ meta_schema() }}.texte_recherche(numero_facture) like partie
            and (tout or zone_id = any (zones))
        limit candidats
    ),
    trouves as (
        select * from entreprises
        union all select * from lieux
        union all select * from parcelles
        union all select * from pieces
    ),
    notes as (
        select trouves.*, (
            case
                when normal.texte = voulu then 2
                when starts_with(normal.texte, voulu) then 1.75
                when strpos(' ' || normal.texte, ' ' || voulu) > 0 then 1.5
                when strpos(normal.texte, voulu) > 0 then 1.25
                when to_tsvector('french', normal.texte) @@ mots then 1
                else 0
            end + {{ trigrams }}.word_similarity(voulu, normal.texte) / 5
            + {{ trigrams }}.similarity(voulu, normal.texte) / 25
        )::real as note
        from trouves
        cross join lateral (
            select {{ meta_schema() }}.texte_recherche(trouves.cherche) as texte
            -- Computed once, not wherever it is named.
            offset 0
        ) as normal
    ),
    premiers as (
        select * from notes
        where identifiant > {{ unknown_key() }}
        order by note desc, libelle, objet, identifiant
        limit limite
    )
    select objet, identifiant, libelle, (
        select string_agg(case when est_trouve then '<mark>' || mot || '</mark>' else mot end, '' order by rang)
        from (
            select rang,
                replace(replace(replace(morceau[1], '&', '&amp;'), '<', '&lt;'), '>', '&gt;') as mot,
                exists (
                    select from regexp_split_to_table(voulu, '[^[:alnum:]]+') as voulue
                    where (length(voulue) > 2 or voulue = voulu)
                        and (strpos({{ meta_schema() }}.texte_recherche(morceau[1]), voulue) > 0
                            or {{ trigrams }}.similarity(
                                voulue, {{ meta_schema() }}.texte_recherche(morceau[1])
                            ) > 0.3)
                ) as est_trouve
            from regexp_matches(libelle, '[[:space:]''’()«»,;.-]+|[^[:space:]''’()«»,;.-]+', 'g')
                with ordinality as decoupe (morceau, rang)
        ) as mots_du_libelle
    ), note
    from premiers
    order by note desc, libelle, objet, identifiant;
end
$rechercher$;

revoke all on function {{ schema }}.rechercher(text, integer) from public;
comment on function {{ schema }}.rechercher(text, integer) is
'Entreprises, zones, lots et factures dont le nom ou le numéro contient ce texte ou lui ressemble, sans égard aux accents, les plus proches d''abord. « surligne » est du HTML : le texte échappé, ce qui a été trouvé entre <mark> et </mark>.';
{%- endmacro %}
