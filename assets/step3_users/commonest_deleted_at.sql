-- spool -> what most of the deleted learners have for deleted_at, as the source has it where it could not be read. If
-- most are deleted (R21), it is what the source may mean by "not deleted". $taken_at is when the snapshot was taken.
-- reads: spool
-- takes: $taken_at
-- makes: spelled
select left(coalesce(source_row ->> 'deleted_at', deleted_at::varchar), 40) as spelled
from spool
where is_deleted(deleted_at, unreadable, $taken_at)
group by spelled
order by count(*) desc, spelled
limit 1
