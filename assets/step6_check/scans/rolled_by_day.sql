-- Activity -> one row per UTC day: what the day holds, and what of it belongs to learners who are shown. Counted are
-- the days that the version counted, and some in turn; of the others it is what the sums of the version say.
-- reads: activity, days_counted, kept_sums, live_learners
-- makes: day, xp_events, event_rows, xp, sessions, quizzes, quizzes_passed, microseconds, live_rows, live_xp,
-- live_sessions, live_quizzes, live_quizzes_passed, live_microseconds
select
    activity.day,
    sum(xp_events) as xp_events,
    coalesce(sum(event_rows), sum(xp_events) + sum(sessions) + sum(quizzes)) as event_rows,
    sum(xp) as xp,
    sum(sessions) as sessions,
    sum(quizzes) as quizzes,
    sum(quizzes_passed) as quizzes_passed,
    sum(session_microseconds) as microseconds,
    count(live.user_key) as live_rows,
    sum(xp) filter (live.user_key is not null) as live_xp,
    sum(sessions) filter (live.user_key is not null) as live_sessions,
    sum(quizzes) filter (live.user_key is not null) as live_quizzes,
    sum(quizzes_passed) filter (live.user_key is not null) as live_quizzes_passed,
    sum(session_microseconds) filter (live.user_key is not null) as live_microseconds
from activity
semi join days_counted on activity.day = days_counted.day
left join live_learners as live on activity.user_key = live.user_key
group by activity.day
union all
select
    kept.day,
    sum(xp_events) as xp_events,
    sum(event_rows) as event_rows,
    sum(xp)::hugeint as xp,
    sum(sessions) as sessions,
    sum(quizzes) as quizzes,
    sum(quizzes_passed) as quizzes_passed,
    sum(microseconds)::hugeint as microseconds,
    coalesce(sum(rows) filter (user_key is null), 0)::bigint as live_rows,
    sum(xp) filter (user_key is null)::hugeint as live_xp,
    sum(sessions) filter (user_key is null) as live_sessions,
    sum(quizzes) filter (user_key is null) as live_quizzes,
    sum(quizzes_passed) filter (user_key is null) as live_quizzes_passed,
    sum(microseconds) filter (user_key is null)::hugeint as live_microseconds
from kept_sums as kept
anti join days_counted on kept.day = days_counted.day
group by kept.day
