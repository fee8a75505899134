-- The spool of users -> the commonest deleted_at of deleted learners; if it is unreadable, as the source has it. If
-- most are deleted (R21), the source may mean "not deleted" by it. $taken_at is when the snapshot was taken.
-- reads: spool
-- takes: $taken_at
-- makes: spelled
select left(coalesce(source_row ->> 'deleted_at', deleted_at::varchar), 40) as spelled
from spool
where is_deleted(deleted_at, unreadable, $taken_at)
group by spelled
order by count(*) desc, spelled
limit 1
