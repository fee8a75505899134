-- The version before, and what was grouped again -> `daily_activity` for part of a bucket, in order. Kept are rows of
-- learners who are in both versions, on dates that no changed UTC day can reach.
-- reads: before.daily_activity, dates_to_group, grouped_again, kept_learners
-- takes: $first_key, $last_key
-- makes: user_key, user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
select
    known.user_key,
    known.user_id,
    known.activity_date,
    known.xp_earned,
    known.learning_time,
    known.sessions,
    known.quizzes,
    known.quizzes_passed
from before.daily_activity as known
semi join kept_learners on known.user_key = kept_learners.user_key
where
    known.user_key between $first_key and $last_key
    and known.activity_date not in (select dates.activity_date from dates_to_group as dates)
union all by name
select *
from grouped_again
where grouped_again.user_key between $first_key and $last_key
order by user_key, activity_date
