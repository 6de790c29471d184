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

-- Longitude (1) and latitude (2) of a zone: the town of its name, an extension beside it.
create function sigeti_demo.place(zone bigint, axis integer) returns numeric
language sql immutable as $$
    select (array[
        [-4.09, 5.36], [-3.94, 5.29], [-4.01, 5.26], [-4.20, 5.47], [-5.03, 7.69], [-6.64, 4.75],
        [-5.63, 9.46], [-5.28, 6.82], [-6.45, 6.88], [-7.55, 7.41], [-3.50, 6.73], [-5.19, 9.59],
        [-5.95, 6.13], [-7.56, 9.51], [-6.67, 7.96], [-2.80, 8.04], [-4.71, 6.65], [-4.05, 5.49],
        [-3.89, 5.36], [-3.74, 5.21], [-4.21, 5.93], [-5.36, 5.84], [-6.59, 5.79], [-3.21, 5.47]
    ])[1 + (zone - 1) % 24][axis] + (zone - 1) / 24 * 0.03
$$;

-- A point of a lot within 600 metres of its zone's.
create function sigeti_demo.lot_place(lot bigint, zone bigint, axis integer) returns numeric
language sql immutable as $$
    select round(
        sigeti_demo.place(zone, axis)
        + (sigeti_demo.draw(lot * 2 + axis, 'l.place', 100) - 50) / 10000.0,
        4
    )
$$;
