-- What was counted -> one row per key: its learner, and the sums of the rows. If two ids have one key, the least and
-- the greatest id differ. Of learners who are not shown that is all they have.
-- reads: activity_counted
-- makes: user_key, user_id, other_id, xp_events, sessions, quizzes, event_rows
select
    user_key,
    min(user_id) as user_id,
    max(user_id) as other_id,
    sum(xp_events)::bigint as xp_events,
    sum(sessions)::bigint as sessions,
    sum(quizzes)::bigint as quizzes,
    sum(event_rows)::bigint as event_rows
from activity_counted
group by user_key
