-- Activity of all UTC days -> one row per key: whose it is, and what the version says of all rows together. Two ids of
-- one key show as the least and the greatest id differing.
-- reads: activity
-- makes: user_key, user_id, other_id, xp_events, sessions, quizzes, xp, microseconds
select
    user_key,
    min(user_id) as user_id,
    max(user_id) as other_id,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(xp)::hugeint as xp,
    sum(session_microseconds)::hugeint as microseconds
from activity
group by user_key
