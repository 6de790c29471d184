-- The simulated day runs from start to end, microseconds since 1970; its statements follow each
-- other in it, by thousandths.
create function sigeti_demo.at(thousandth integer) returns timestamptz
language sql immutable as $$
    select to_timestamp(
        ({start}::bigint + ({end}::bigint - {start}::bigint) * thousandth / 1000)
        / 1000000.0::float8
    )
$$;

create function sigeti_demo.today() returns date language sql immutable as $$
    select (sigeti_demo.at(500) at time zone 'UTC')::date
$$;

-- Candidates for a change, recent rows more often; a statement takes the first that qualify.
create function sigeti_demo.sample(change text, entity text) returns table (nth bigint, id integer)
language sql immutable as $$
    select min(attempt), candidate
    from (
        select
            attempt,
            sigeti_demo.size(entity) - least(
                sigeti_demo.draw(attempt, change, sigeti_demo.size(entity)),
                sigeti_demo.draw(attempt, change || ' 2', sigeti_demo.size(entity))
            ) as candidate
        from generate_series(
            1::bigint,
            case sigeti_demo.size(change) when 0 then 0 else 100 + 20 * sigeti_demo.size(change) end
        ) as attempt
        offset 0
    ) as attempts
    group by candidate
$$;

create function sigeti_demo.chosen(change text, entity text) returns table (id integer)
language sql immutable as $$
    select candidate.id
    from sigeti_demo.sample(change, entity) as candidate
    order by candidate.nth
    limit sigeti_demo.size(change)
$$;
