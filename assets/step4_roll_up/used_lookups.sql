-- Landings of a stream with a lookup, lookups -> by landing, a hash of the keys that it has and of whose they are.
-- reads: keyed, lookups
-- makes: filename, content_hash
with used as (
    select distinct keyed.filename, lookups.key, lookups.user_id
    from keyed
    inner join lookups on keyed.user_id = lookups.key
    where keyed.reason is null
)

select filename, rows_hash(row(key, user_id)) as content_hash
from used
group by filename
