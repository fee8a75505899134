-- The days of a stream's landings that hold an id which has just been read on another day: the event has moved (R23).
-- reads: just_read, landed_before
-- makes: day
select distinct landed_before.instant::date as day
from landed_before
semi join just_read on landed_before.event_id = just_read.event_id
order by day
