-- The public views of a version, continued: what analysts ask most begins with one of these two. Nothing of a view is
-- stored. Views of weeks end at `version_info.complete_through`: no week counts that is not over for everybody (R12).

create view first_and_last_dates as
select
    user_key,
    any_value(user_id) as user_id,
    min(activity_date) as first_active_date,
    max(activity_date) as last_active_date
from daily_activity
group by user_key;
comment on view first_and_last_dates is 'One row per learner who was ever active: since when, and until when, all history.';
comment on column first_and_last_dates.user_key is '63-bit hash of user_id.';
comment on column first_and_last_dates.user_id is 'The learner.';
comment on column first_and_last_dates.first_active_date is 'The first active date; of a learner from before first_day the first one since.';
comment on column first_and_last_dates.last_active_date is 'The last active date, which may be one that is not over.';

create view learner_weeks as
select
    days.user_key,
    any_value(days.user_id) as user_id,
    first_of_week(days.activity_date, info.week_start) as week,
    count(*) as active_days,
    sum(days.xp_earned)::bigint as xp_earned,
    sum(days.learning_time)::bigint as learning_time,
    sum(days.sessions)::bigint as sessions,
    sum(days.quizzes)::bigint as quizzes,
    sum(days.quizzes_passed)::bigint as quizzes_passed
from daily_activity as days
cross join version_info as info
where first_of_week(days.activity_date, info.week_start) + 6 <= info.complete_through
group by days.user_key, first_of_week(days.activity_date, info.week_start);
comment on view learner_weeks is 'One row per learner and whole week with an active date; a week begins with version_info.week_start (R28).';
comment on column learner_weeks.user_key is '63-bit hash of user_id.';
comment on column learner_weeks.user_id is 'The learner.';
comment on column learner_weeks.week is 'The first date of the week, whose last date is over for everybody.';
comment on column learner_weeks.active_days is 'Active dates of the week, 1 to 7.';
comment on column learner_weeks.xp_earned is 'Sum of xp_earned over the week.';
comment on column learner_weeks.learning_time is 'Sum of learning_time over the week, seconds.';
comment on column learner_weeks.sessions is 'Sum of sessions over the week.';
comment on column learner_weeks.quizzes is 'Sum of quizzes over the week.';
comment on column learner_weeks.quizzes_passed is 'Sum of quizzes_passed over the week.';
