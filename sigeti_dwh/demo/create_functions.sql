-- First second of the reference date, seconds since 1970: every event lies before it.
create function sigeti_demo.horizon() returns bigint language sql immutable as $$
    select {horizon}::bigint
$$;

create function sigeti_demo.office_hour(days_ago integer, id bigint, salt text) returns timestamptz
language sql immutable as $$
    select to_timestamp(
        sigeti_demo.horizon() - days_ago * 86400 + 25200 + sigeti_demo.draw(id, salt, 39600)
    )
$$;

-- The enterprise that makes a request.
create function sigeti_demo.applicant(demande bigint) returns integer
language sql immutable as $$
    select 1 + sigeti_demo.draw(demande, 'd.entreprise', sigeti_demo.size('applicants'))
$$;
