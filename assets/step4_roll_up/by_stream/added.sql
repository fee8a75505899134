-- The activity of one stream alone -> its measures under its name. XP stay signed, and time stays in microseconds.
-- reads: activity
-- takes: $stream
-- makes: day, user_key, user_id, activity_date, measures
select
    day,
    user_key,
    user_id,
    activity_date,
    {
        'stream': $stream::varchar,
        'xp': xp,
        'session_microseconds': session_microseconds,
        'sessions': sessions,
        'quizzes': quizzes,
        'quizzes_passed': quizzes_passed
    } as measures
from activity
