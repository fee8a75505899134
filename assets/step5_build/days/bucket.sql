-- The activity of the learners of one bucket, in memory: the numbers that are summed per day, without ids.
-- reads: activity
-- takes: $first_key, $last_key
-- makes: user_key, activity_date, xp, session_microseconds, sessions, quizzes, quizzes_passed
select user_key, activity_date, xp, session_microseconds, sessions, quizzes, quizzes_passed
from activity
where user_key between $first_key and $last_key
