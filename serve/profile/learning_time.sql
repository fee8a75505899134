-- Learning time, active days and sessions of a learner over a range of dates (R31).
-- reads: daily_activity
-- takes: $first_date, $last_date, $user_key
-- makes: learning_time, active_days, sessions
select
    coalesce(sum(learning_time), 0)::bigint as learning_time,
    count(*) as active_days,
    coalesce(sum(sessions), 0)::bigint as sessions
from daily_activity
where user_key = $user_key and activity_date between $first_date and $last_date
