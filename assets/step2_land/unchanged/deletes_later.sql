-- spool -> the days with an event whose deletion is still to come: it is judged anew on every night until then (R20).
-- reads: spool
-- takes: $taken_at
-- makes: day
select distinct instant::date as day
from spool
where deleted_at > $taken_at::timestamp + interval 1 day and deleted_at < date '9999-12-31'
