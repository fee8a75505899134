-- Each session on the UTC days of `wanted_days` that it reaches, clipped to each: its own and the next (R7).
-- reads: landings, wanted_days
-- makes: user_id, day, opened_at, closed_at
with sessions as (
    select
        user_id,
        instant,
        session_end(instant, ended_at, last_activity_at) as closed_at,
        unnest([instant::date, instant::date + 1]) as open_day
    from landings
    where kind = 'sessions' and reason is null
)

select
    sessions.user_id,
    wanted_days.day,
    greatest(sessions.instant, wanted_days.day::timestamp) as opened_at,
    least(sessions.closed_at, wanted_days.day::timestamp + interval 1 day) as closed_at
from sessions
inner join wanted_days on sessions.open_day = wanted_days.day
where sessions.closed_at > greatest(sessions.instant, wanted_days.day::timestamp)
