-- What streams have of a date adds up to it: XP, sessions and quizzes exactly, and time to no less (R31).
-- table: activity_by_stream
-- compares: select count(*) from version.activity_by_stream
-- beside: activity by stream
-- reads: activity_sums, counted_part, landed_sums, version.activity_by_stream, version.daily_activity, version.users
--
-- Sessions and quizzes are compared of all learners, dates of a part of them, another one in every version. No stream
-- has more time than its date. All of them together have less by the fractions of a second that each has lost at most.
-- And what ascends is there once.
with sums as (
    select user_key, sum(sessions) as sessions, sum(quizzes) as quizzes, sum(quizzes_passed) as quizzes_passed
    from version.activity_by_stream
    group by user_key
),

dates as (
    select
        user_key,
        user_id,
        activity_date,
        greatest(sum(xp), 0) as xp_earned,
        sum(learning_time) as seconds,
        max(learning_time) as most_seconds,
        sum(sessions) as sessions,
        sum(quizzes) as quizzes,
        sum(quizzes_passed) as quizzes_passed
    from version.activity_by_stream
    where user_key between (select first_key from counted_part) and (select last_key from counted_part)
    group by user_key, user_id, activity_date
),

days as (
    select *
    from version.daily_activity
    where user_key between (select first_key from counted_part) and (select last_key from counted_part)
),

streams_with_time as (
    select count(distinct stream) as streams
    from landed_sums
    where kind = 'sessions'
),

in_order as (
    select
        user_key,
        user_key + xp + learning_time + sessions + quizzes + quizzes_passed is null
        or user_id is null
        or activity_date is null
        or stream is null as has_null,
        row(user_key, activity_date, stream) <= lag(row(user_key, activity_date, stream)) over () as is_out_of_order
    from version.activity_by_stream
)

select 'user_key ' || coalesce(sums.user_key, days.user_key) as example
from sums
full outer join activity_sums as days on sums.user_key = days.user_key
where
    coalesce(sums.sessions, 0) is distinct from coalesce(days.all_sessions, 0)
    or coalesce(sums.quizzes, 0) is distinct from coalesce(days.all_quizzes, 0)
    or coalesce(sums.quizzes_passed, 0) is distinct from coalesce(days.all_quizzes_passed, 0)
union all
select
    'user_key ' || coalesce(dates.user_key, days.user_key)
    || ' on ' || coalesce(dates.activity_date, days.activity_date)
from dates
full outer join days
    on dates.user_key = days.user_key and dates.user_id = days.user_id and dates.activity_date = days.activity_date
cross join streams_with_time
where
    coalesce(dates.xp_earned, 0) is distinct from coalesce(days.xp_earned, 0)
    or coalesce(dates.sessions, 0) is distinct from coalesce(days.sessions, 0)
    or coalesce(dates.quizzes, 0) is distinct from coalesce(days.quizzes, 0)
    or coalesce(dates.quizzes_passed, 0) is distinct from coalesce(days.quizzes_passed, 0)
    or coalesce(dates.most_seconds, 0) > coalesce(days.learning_time, 0)
    or coalesce(dates.seconds, 0) + greatest(streams_with_time.streams - 1, 0) < coalesce(days.learning_time, 0)
union all
select 'user_key ' || coalesce(user_key::varchar, '?') from in_order where has_null or is_out_of_order
union all
select 'user_key ' || parts.user_key
from version.activity_by_stream as parts
anti join version.users as learner on parts.user_key = learner.user_key and parts.user_id = learner.user_id
