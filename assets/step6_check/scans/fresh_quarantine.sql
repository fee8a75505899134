-- The version's quarantine -> the rows that count again (R22). Those are rows that an operator has not let through, and
-- rows that the published version's quarantine does not have. A row is recognised by all of it. A row without a day is
-- recognised by its id, because its other values may change every night. It also matters whether its instant is
-- unreadable.
-- reads: accepted_quarantine, fresh_landings, published_quarantine, version.quarantine
-- makes: stream, day, reason, is_unreadable, row, not_accepted, not_seen
with every as (
    select 'built' as side, stream, day, event_id, reason, row from version.quarantine
    union all
    select 'accepted', stream, day, event_id, reason, row from accepted_quarantine where reason <> 'duplicate'
    union all
    select 'published', stream, day, event_id, reason, row from published_quarantine
),

-- Days that have not landed again are what they were.
fresh as (
    select every.*
    from every
    left join fresh_landings as landing on every.stream = landing.stream and every.day = landing.day
    where every.day is null or landing.day is not null
),

spelled as (
    select
        *,
        case when reason = 'missing_time' then row ->> role_of_day(row) end as instant
    from fresh
),

identified as (
    select
        *,
        case when reason = 'missing_time' then coalesce(event_id, row) else row end as identity,
        -- NULL, and how those say nothing who have no NULL: MySQL's zero date, an empty text, 0.
        instant is not null and not regexp_full_match(trim(instant), '0?|0000-00-00([ T].*)?') as is_unreadable
    from spelled
),

counted as (
    select
        stream,
        day,
        reason,
        is_unreadable,
        min(row) filter (side = 'built') as row,
        count(*) filter (side = 'built') as built,
        count(*) filter (side = 'accepted') as accepted,
        count(*) filter (side = 'published') as published
    from identified
    group by stream, day, reason, is_unreadable, identity
    having built > accepted
)

select
    stream,
    day,
    reason,
    is_unreadable,
    row,
    built - accepted as not_accepted,
    greatest(built - greatest(accepted, published), 0) as not_seen
from counted
