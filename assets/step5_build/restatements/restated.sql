-- Where the learners of one bucket have other measures than in the version before: one row per learner and date.
-- Only dates that a changed UTC day can reach, of learners in both versions, complete in both.
-- reads: before.daily_activity, before.users, complete_dates, dates_touched, version.daily_activity, version.users
-- takes: $first_key, $last_key
-- makes: differing.*
with days_before as (
    select user_key, user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
    from before.daily_activity
    where
        user_key between $first_key and $last_key
        and activity_date in (select touched.activity_date from dates_touched as touched)
),

days as (
    select user_key, user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
    from version.daily_activity
    where
        user_key between $first_key and $last_key
        and activity_date in (select touched.activity_date from dates_touched as touched)
),

differing as (
    select
        coalesce(days.user_key, days_before.user_key) as user_key,
        coalesce(days.user_id, days_before.user_id) as user_id,
        coalesce(days.activity_date, days_before.activity_date) as activity_date,
        coalesce(days_before.xp_earned, 0) as xp_earned_before,
        coalesce(days_before.learning_time, 0) as learning_time_before,
        coalesce(days_before.sessions, 0) as sessions_before,
        coalesce(days_before.quizzes, 0) as quizzes_before,
        coalesce(days_before.quizzes_passed, 0) as quizzes_passed_before,
        coalesce(days.xp_earned, 0) as xp_earned,
        coalesce(days.learning_time, 0) as learning_time,
        coalesce(days.sessions, 0) as sessions,
        coalesce(days.quizzes, 0) as quizzes,
        coalesce(days.quizzes_passed, 0) as quizzes_passed
    from days_before
    full outer join days
        on
            days_before.user_key = days.user_key
            and days_before.user_id = days.user_id
            and days_before.activity_date = days.activity_date
    where
        days_before.xp_earned is distinct from days.xp_earned
        or days_before.learning_time is distinct from days.learning_time
        or days_before.sessions is distinct from days.sessions
        or days_before.quizzes is distinct from days.quizzes
        or days_before.quizzes_passed is distinct from days.quizzes_passed
)

select differing.*
from differing
inner join before.users as learner_before
    on differing.user_key = learner_before.user_key and differing.user_id = learner_before.user_id
inner join version.users as learner
    on differing.user_key = learner.user_key and differing.user_id = learner.user_id
inner join complete_dates as then_complete on learner_before.timezone = then_complete.zone
inner join complete_dates as now_complete on learner.timezone = now_complete.zone
where differing.activity_date <= then_complete.last_before and differing.activity_date <= now_complete.last_now
