-- The activity that has to be grouped again for the learners of one bucket, in memory. That is what stands on dates
-- that changed UTC days can reach, and of new learners everything. `activity_near` has the UTC days that reach these
-- dates.
-- reads: activity, activity_near, dates_to_group, new_learners
-- takes: $first_key, $last_key
-- makes: user_key, activity_date, xp, session_microseconds, sessions, quizzes, quizzes_passed
select near.user_key, near.activity_date, xp, session_microseconds, sessions, quizzes, quizzes_passed
from activity_near as near
where
    near.user_key between $first_key and $last_key
    and near.activity_date in (select dates.activity_date from dates_to_group as dates)
union all
select every.user_key, every.activity_date, xp, session_microseconds, sessions, quizzes, quizzes_passed
from activity as every
semi join new_learners on every.user_key = new_learners.user_key
where
    every.user_key between $first_key and $last_key
    and every.activity_date not in (select dates.activity_date from dates_to_group as dates)
