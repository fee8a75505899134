-- Sessions that count and the stretches of a date -> what of each session lies on it, up to data through (R7, R8).
-- Stretches that adjoin are taken as one, so that no piece is divided by a UTC midnight or a change of offset.
-- reads: rows_of_date, stretches
-- takes: $newest_day
-- makes: number, stream, event_id, from_utc, until_utc
with ordered as (
    select from_utc, until_utc, lag(until_utc) over (order by from_utc) as until_before
    from stretches
    where day <= $newest_day::date
),

adjoining as (
    select *, sum(if(from_utc is not distinct from until_before, 0, 1)) over (order by from_utc) as part
    from ordered
),

parts as (
    select min(from_utc) as from_utc, max(until_utc) as until_utc
    from adjoining
    group by part
)

select
    session.number,
    session.stream,
    session.event_id,
    greatest(session.instant, parts.from_utc) as from_utc,
    least(session.ends_at, parts.until_utc) as until_utc
from rows_of_date as session
inner join parts
    on session.instant < parts.until_utc and session.ends_at > parts.from_utc
where
    session.kind = 'sessions'
    and session.reason is null
    and session.day <= $newest_day::date
    and session.ends_at > session.instant
order by from_utc, until_utc, session.stream, session.event_id
