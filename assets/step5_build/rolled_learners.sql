-- Activity of all UTC days -> one row per key: its learner, and the sums of all rows. If two ids have one key, the
-- least and the greatest id differ.
-- reads: activity
-- makes: user_key, user_id, other_id, xp_events, sessions, quizzes, event_rows, xp, microseconds
select
    user_key,
    min(user_id) as user_id,
    max(user_id) as other_id,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    coalesce(sum(event_rows), sum(xp_events) + sum(sessions) + sum(quizzes))::bigint as event_rows,
    sum(xp)::hugeint as xp,
    sum(session_microseconds)::hugeint as microseconds
from activity
group by user_key
