-- What a version says of one date of a learner beside its measures, levels and cuts, a row for each: the learner's
-- zones, the landings near the date, the date's restatements (R5, R31). The key is asked of the tables of learners, so
-- that none is read whole. Instants are text, because a TIMESTAMPTZ reaches Python through pytz only.
-- reads: landings, restatements, zones_over_time
-- takes: $asked_date, $user_key
-- makes: part, from_day, timezone, stream, day, extracted_at, proven_at, measure, old, new, version, reason
select
    'zone' as part,
    from_day::varchar as from_day,
    timezone
from zones_over_time
where user_key = $user_key
union all by name
select
    'landing' as part,
    stream,
    day::varchar as day,
    strftime(make_timestamp(epoch_us(extracted_at)), '%Y-%m-%dT%H:%M:%SZ') as extracted_at,
    strftime(make_timestamp(epoch_us(proven_at)), '%Y-%m-%dT%H:%M:%SZ') as proven_at
from landings
where day between $asked_date - 2 and $asked_date + 1
union all by name
select
    'restatement' as part,
    measure,
    old,
    new,
    version,
    reason
from restatements
where user_key = $user_key and activity_date = $asked_date
