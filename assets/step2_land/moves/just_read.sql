-- The ids of rows that were read of certain days, spelled as they land (R26).
-- reads: spool
-- takes: $days
-- makes: event_id, day
select distinct
    normal_id(given_id(event_id))::varchar as event_id,
    instant::date as day
from spool
where given_id(event_id) is not null and list_contains($days, instant::date)
