-- The tables of lookups as they were read, without erased learners -> each key that events have instead of a learner's
-- id, and whose it is (R26). A row without a key or a learner says nothing.
-- reads: lookup_rows
-- makes: stream, key, user_id
select
    min(stream) as stream,
    key::varchar as key,
    normal_id(given_id(user_id))::varchar as user_id
from lookup_rows
where
    given_id(key) is not null
    and given_id(user_id) is not null
    and not is_bad_text(key)
    and not is_bad_text(user_id)
    and not starts_with(user_id, chr(31))
group by all
