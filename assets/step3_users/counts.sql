-- users_by_stream -> for each stream of learners its learners, rows in quarantine, and those of the learners whom it
-- says to be deleted.
-- reads: users_by_stream, users_streams
-- makes: stream, learners, quarantined, deleted
select
    streams.stream,
    count(own.user_id) as learners,
    count(own.reason) as quarantined,
    count(own.user_id) filter (own.is_deleted) as deleted
from users_streams as streams
left join users_by_stream as own on streams.stream = own.stream
group by streams.stream
