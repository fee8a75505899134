-- users_by_stream -> how many ids are in more than one stream of learners, and the least of them with its streams. No
-- row if none is.
-- reads: users_by_stream
-- makes: ids, user_id, streams
with shared as (
    select user_id, string_agg(stream, ' and ' order by stream) as streams
    from users_by_stream
    where reason is null
    group by user_id
    having count(*) > 1
)

select count(*) over () as ids, user_id, streams
from shared
order by user_id
limit 1
