-- The active days that the look-up file has to have of the learners of one range of keys.
-- reads: version.learning_pulse
-- takes: $first_key, $last_key
-- makes: user_key, date_code, level, xp_earned, learning_time, sessions, quizzes, quizzes_passed
select
    user_key,
    date_code(activity_date) as date_code,
    level::bigint as level,
    xp_earned,
    learning_time,
    sessions,
    quizzes,
    quizzes_passed
from version.learning_pulse
where user_key between $first_key and $last_key
