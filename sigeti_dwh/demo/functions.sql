-- A scratch schema, dropped in the same transaction: its functions are inlined and constant-folded.
create schema sigeti_demo;

create function sigeti_demo.size(entity text) returns integer language sql immutable as $$
    select (jsonb {sizes} ->> entity)::integer
$$;

-- Hash partitioning keeps this hash the same on every server version, which random() is not.
create function sigeti_demo.draw(id bigint, salt text, n bigint) returns integer
language sql immutable as $$
    select (
        (hashint8extended(id, hashtextextended(salt, {seed})) & 9223372036854775807) % n
    )::integer
$$;

create function sigeti_demo.pick(id bigint, salt text, options text[]) returns text
language sql immutable as $$
    select options[1 + sigeti_demo.draw(id, salt, cardinality(options))]
$$;

-- lpad() alone would cut numbers longer than the width.
create function sigeti_demo.padded(n bigint) returns text language sql immutable as $$
    select lpad(n::text, greatest(4, length(n::text)), '0')
$$;

create function sigeti_demo.reference(prefix text, moment timestamptz, n bigint) returns text
language sql immutable as $$
    select prefix || '-' || extract(year from moment at time zone 'UTC')::integer::text
        || '-' || sigeti_demo.padded(n)
$$;
