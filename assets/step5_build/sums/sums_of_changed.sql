-- Sums of what was counted, and those of the version before -> the sums of all UTC days. On a day that has not changed,
-- everybody together is what everybody was. So the learners who are shown are that without those who are not.
-- reads: changed_days, counted_sums, sums_before
-- makes: day, user_key, user_id, rows, xp_events, sessions, quizzes, quizzes_passed, event_rows, xp, microseconds
with counted_now as (
    select sums.*, changed_days.day is not null as is_changed
    from counted_sums as sums
    left join changed_days on sums.day = changed_days.day
),

shown as (
    select
        known.day,
        known.rows,
        known.xp_events,
        known.sessions,
        known.quizzes,
        known.quizzes_passed,
        known.event_rows,
        known.xp,
        known.microseconds
    from sums_before as known
    anti join changed_days on known.day = changed_days.day
    union all
    select
        day,
        -rows as rows,
        -xp_events as xp_events,
        -sessions as sessions,
        -quizzes as quizzes,
        -quizzes_passed as quizzes_passed,
        -event_rows as event_rows,
        -xp as xp,
        -microseconds as microseconds
    from counted_now
    where user_key is not null and not is_changed
)

select
    day,
    user_key,
    user_id,
    rows,
    xp_events,
    sessions,
    quizzes,
    quizzes_passed,
    event_rows,
    xp,
    microseconds
from counted_now
where user_key is not null or is_changed
union all
select
    day,
    null as user_key,
    null as user_id,
    sum(rows)::bigint as rows,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(quizzes_passed)::bigint as quizzes_passed,
    sum(event_rows)::bigint as event_rows,
    sum(xp)::decimal(38, 0) as xp,
    sum(microseconds)::decimal(38, 0) as microseconds
from shown
group by day
having sum(rows) > 0
