-- The activity of a learner's UTC days -> what of it stands on one local date, as the build adds it up (R6, R7).
-- reads: activity
-- takes: $asked_date
-- makes: xp, session_microseconds, sessions, quizzes, quizzes_passed
select
    coalesce(sum(xp), 0)::bigint as xp,
    coalesce(sum(session_microseconds), 0)::bigint as session_microseconds,
    coalesce(sum(sessions), 0)::bigint as sessions,
    coalesce(sum(quizzes), 0)::bigint as quizzes,
    coalesce(sum(quizzes_passed), 0)::bigint as quizzes_passed
from activity
where activity_date = $asked_date::date
