-- Activity of all UTC days -> its rows, with what is summed of them.
-- reads: activity
-- makes: day, user_key, user_id, rows, xp_events, sessions, quizzes, quizzes_passed, event_rows, xp, microseconds
select
    day,
    user_key,
    user_id,
    1 as rows,
    xp_events,
    sessions,
    quizzes,
    quizzes_passed,
    coalesce(event_rows, xp_events + sessions + quizzes) as event_rows,
    xp,
    session_microseconds as microseconds
from activity
