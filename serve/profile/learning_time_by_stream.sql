-- Learning time, active days and sessions of a learner over a range of dates, of each stream that has any (R31).
-- reads: activity_by_stream
-- takes: $first_date, $last_date, $user_key
-- makes: stream, learning_time, active_days, sessions
select
    stream,
    sum(learning_time)::bigint as learning_time,
    count(*) as active_days,
    sum(sessions)::bigint as sessions
from activity_by_stream
where
    user_key = $user_key
    and activity_date between $first_date and $last_date
    and (learning_time > 0 or sessions > 0)
group by stream
order by stream
