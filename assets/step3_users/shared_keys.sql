-- lookups -> by stream, how many keys its lookup says to be of several learners.
-- reads: lookups
-- makes: stream, keys
with shared as (
    select stream, key
    from lookups
    group by stream, key
    having count(*) > 1
)

select stream, count(*) as keys
from shared
group by stream
order by stream
