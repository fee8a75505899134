-- The spool of users -> the commonest deleted_at of deleted learners; if it is unreadable, as the source has it. If
-- most are deleted (R21), the source may mean "not deleted" by it. `users_streams` says when snapshots were taken.
-- reads: spool, users_streams
-- makes: spelled
select left(coalesce(spool.source_row ->> 'deleted_at', spool.deleted_at::varchar), 40) as spelled
from spool
inner join users_streams on spool.stream = users_streams.stream
where is_deleted(spool.deleted_at, spool.unreadable, users_streams.taken_at)
group by spelled
order by count(*) desc, spelled
limit 1
