-- The length, in microseconds, of the union of each learner's sessions on each UTC day in `wanted_days`, by another way
-- than the activity's: along the borders of the sessions, time counts while more have opened than closed. Compared with
-- the activity, this shows that cutting by zone and date lost nothing and counted nothing twice.
with sessions as (
    select
        user_id,
        instant as opened_at,
        session_end(instant, ended_at, last_activity_at) as closed_at,
        unnest([instant::date, instant::date + 1]) as open_day
    from landings
    where kind = 'sessions' and reason is null
),

borders as (
    select
        user_id,
        wanted_days.day,
        unnest([
            struct_pack(at_time := greatest(opened_at, wanted_days.day::timestamp), opens := 1),
            struct_pack(at_time := least(closed_at, wanted_days.day::timestamp + interval 1 day), opens := -1)
        ]) as border
    from sessions
    inner join wanted_days on sessions.open_day = wanted_days.day
    where closed_at > greatest(opened_at, wanted_days.day::timestamp)
),

open_between as (
    select user_id, day, border.at_time, sum(border.opens) as opens
    from borders
    group by user_id, day, border.at_time
),

counted as (
    select
        day,
        epoch_us(lead(at_time) over along) - epoch_us(at_time) as microseconds,
        sum(opens) over along as open_sessions
    from open_between
    window along as (partition by user_id, day order by at_time)
)

select day, sum(microseconds) filter (open_sessions > 0)::hugeint as microseconds
from counted
group by day
