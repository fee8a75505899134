-- Landings -> the roll-up of the UTC days in `wanted_days`: one row per learner, zone and local date (R5 to R10).
-- Each UTC day is cut in the zone that its learner had on that day; rows of different UTC days simply add up later, so
-- XP stays signed and session time stays in microseconds here.
with sessions as (
    select
        user_id,
        instant,
        session_end(instant, ended_at, last_activity_at) as closed_at,
        unnest([instant::date, instant::date + 1]) as open_day
    from landings
    where kind = 'sessions' and reason is null
),

-- R7: a session counts on its own UTC day and on the next one that it reaches, clipped to each.
session_days as (
    select
        user_id,
        wanted_days.day,
        greatest(instant, wanted_days.day::timestamp) as opened_at,
        least(closed_at, wanted_days.day::timestamp + interval 1 day) as closed_at
    from sessions
    inner join wanted_days on sessions.open_day = wanted_days.day
    where closed_at > greatest(instant, wanted_days.day::timestamp)
),

-- The union of a learner's intervals: each adds what lies beyond everything that closed before. Which of two equal ones
-- comes first makes no difference: the other one adds nothing.
unions as (
    select
        user_id,
        day,
        greatest(opened_at, coalesce(max(closed_at) over earlier, opened_at)) as opened_at,
        closed_at
    from session_days
    window earlier as (
        partition by user_id, day
        order by opened_at, closed_at
        rows between unbounded preceding and 1 preceding
    )
),

measured as (
    select
        user_id,
        instant::date as day,
        instant as from_utc,
        instant as until_utc,
        case when kind = 'xp' then amount else 0 end as xp,
        (kind = 'xp')::bigint as xp_events,
        (kind = 'sessions')::bigint as sessions,
        (kind = 'quizzes')::bigint as quizzes,
        (kind = 'quizzes' and passed)::bigint as quizzes_passed
    from landings
    semi join wanted_days on landings.instant::date = wanted_days.day
    where reason is null
    union all
    select user_id, day, opened_at, closed_at, 0, 0, 0, 0, 0
    from unions
    where closed_at > opened_at
),

in_zones as (
    select
        measured.* exclude (from_utc, until_utc),
        coalesce(zones_in_force.zone, $default_timezone) as zone,
        from_utc,
        until_utc
    from measured
    left join zones_in_force
        on
            measured.user_id = zones_in_force.user_id
            and measured.day >= zones_in_force.from_day
            and measured.day < zones_in_force.until_day
),

-- R5: the offset in force at each instant; a stretch that crosses a change of offset becomes two.
local_stretches as (
    select
        in_zones.*,
        greatest(in_zones.from_utc, segment.from_utc) + segment.utc_offset as from_local,
        least(in_zones.until_utc, segment.until_utc) + segment.utc_offset as until_local
    from in_zones
    inner join zone_segments as segment
        on
            in_zones.zone = segment.zone
            and in_zones.from_utc < segment.until_utc
            and (in_zones.until_utc > segment.from_utc or in_zones.from_utc = segment.from_utc)
),

-- A stretch touches the date of its first instant, and the next one where it goes beyond that: within one UTC day and
-- with one offset it never reaches a third.
dated as (
    select
        *,
        from_local::date
        + unnest(case when until_local > from_local::date + interval 1 day then [0, 1] else [0] end) as activity_date
    from local_stretches
)

select
    day,
    user_key(user_id) as user_key,
    user_id,
    zone,
    activity_date,
    sum(xp)::bigint as xp,
    sum(
        epoch_us(least(until_local, activity_date::timestamp + interval 1 day))
        - epoch_us(greatest(from_local, activity_date::timestamp))
    )::bigint as session_microseconds,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(quizzes_passed)::bigint as quizzes_passed
from dated
group by day, user_id, zone, activity_date
