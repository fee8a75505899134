-- The activity of all streams, and of each of them -> the former with a list of the latter, in the order of names. A
-- learner has one zone on a UTC day, so the zone is no part of the key.
-- reads: activity, streams_apart
-- makes: activity.*, streams
with listed as (
    select day, user_key, user_id, activity_date, list(measures order by measures.stream) as streams
    from streams_apart
    group by day, user_key, user_id, activity_date
)

select activity.*, listed.streams
from activity
left join listed
    on
        activity.day = listed.day
        and activity.user_key = listed.user_key
        and activity.user_id = listed.user_id
        and activity.activity_date = listed.activity_date
