-- Rows of activity -> their sums by UTC day: a row for each learner who is not shown, and one without a learner for all
-- who are. XP and time are DECIMAL, because Parquet has no HUGEINT.
-- reads: activity_counted, version.users
-- makes: day, user_key, user_id, rows, xp_events, sessions, quizzes, quizzes_passed, event_rows, xp, microseconds
select
    activity_counted.day,
    if(users.user_key is null, activity_counted.user_key, null) as user_key,
    if(users.user_key is null, activity_counted.user_id, null) as user_id,
    sum(rows)::bigint as rows,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(quizzes_passed)::bigint as quizzes_passed,
    sum(event_rows)::bigint as event_rows,
    sum(xp)::decimal(38, 0) as xp,
    sum(microseconds)::decimal(38, 0) as microseconds
from activity_counted
left join version.users on activity_counted.user_key = users.user_key
group by all
