-- What has changed since the version before -> rows as `counted.sql` makes them: all activity of changed UTC days, and
-- of the other days whatever is of anybody who is not shown. Of these some were not shown before either, as the sums of
-- then say, and some are gone since. Who is shown now and was not before is in it as well, which does no harm.
-- reads: before.users, changed_activity, changed_days, sums_before, unchanged_activity, version.users
-- makes: day, user_key, user_id, rows, xp_events, sessions, quizzes, quizzes_passed, event_rows, xp, microseconds
with gone_learners as (
    select known.user_key
    from before.users as known
    anti join version.users as learner on known.user_key = learner.user_key and known.user_id = learner.user_id
),

activity_read as (
    select * from changed_activity semi join changed_days on changed_activity.day = changed_days.day
    union all by name
    select unchanged.*
    from unchanged_activity as unchanged
    semi join gone_learners on unchanged.user_key = gone_learners.user_key
    anti join changed_days on unchanged.day = changed_days.day
)

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
from activity_read
union all by name
select known.*
from sums_before as known
anti join changed_days on known.day = changed_days.day
where known.user_key is not null
