-- users_by_stream -> for each stream of learners its learners, rows in quarantine, those of the learners whom it says
-- to be deleted, and a hash of all its rows.
-- reads: users_by_stream, users_streams
-- makes: stream, learners, quarantined, deleted, content_hash
select
    streams.stream,
    count(own.user_id) as learners,
    count(own.reason) as quarantined,
    count(own.user_id) filter (own.is_deleted) as deleted,
    rows_hash(own) as content_hash
from users_streams as streams
left join users_by_stream as own on streams.stream = own.stream
group by streams.stream
