-- The activity of events, and rows of learners' own dates -> the activity of both. Such a row stands on the date of its
-- UTC day's name, whatever the zone (R5). It has a zone all the same: that in force on the day. Of totals by day the
-- seconds are added to the union of sessions (R7). `event_rows` counts rows, which are fewer than what totals count.
-- reads: activity_of_instants, dated_landings, zone_records
-- takes: $default_timezone
-- makes: day, user_key, user_id, zone, activity_date, xp, session_microseconds, xp_events, sessions, quizzes,
-- quizzes_passed, event_rows
with measured as (
    select
        user_id,
        instant::date as day,
        if(kind = 'daily', measures.xp, coalesce(amount, 0)) as xp,
        if(kind = 'daily', measures.seconds * 1000000, 0) as session_microseconds,
        if(kind = 'xp', 1, 0) as xp_events,
        if(kind = 'daily', measures.sessions, 0) as sessions,
        case kind when 'daily' then measures.quizzes when 'quizzes' then 1 else 0 end as quizzes,
        case when kind = 'daily' then measures.quizzes_passed when kind = 'quizzes' and passed then 1 else 0 end
            as quizzes_passed,
        1 as event_rows
    from dated_landings
    where reason is null
),

every as (
    select *, xp_events + sessions + quizzes as event_rows from activity_of_instants
    union all by name
    select
        measured.*,
        measured.day as activity_date,
        coalesce(known.user_key, user_key(measured.user_id)) as user_key,
        coalesce(known.zone, $default_timezone) as zone
    from measured
    left join zone_records as known
        on
            measured.user_id = known.user_id
            and measured.day >= known.from_day
            and measured.day < known.until_day
)

select
    day,
    user_key,
    user_id,
    zone,
    activity_date,
    sum(xp)::bigint as xp,
    sum(session_microseconds)::bigint as session_microseconds,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(quizzes_passed)::bigint as quizzes_passed,
    sum(event_rows)::bigint as event_rows
from every
group by day, user_key, user_id, zone, activity_date
