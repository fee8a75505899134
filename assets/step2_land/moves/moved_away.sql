-- How many rows that counted on a day are on other days now: they are not lost (R23).
-- reads: just_read, landed_before
-- takes: $day
-- makes: moved_away
with elsewhere as (
    select event_id from just_read where day <> $day
    except
    select event_id from just_read where day = $day
)

select count(*) as moved_away
from landed_before
semi join elsewhere on landed_before.event_id = elsewhere.event_id
where landed_before.reason is null
