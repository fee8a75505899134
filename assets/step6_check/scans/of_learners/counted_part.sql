-- The range of keys whose streaks and years are counted again: one of 32, another one in every version. Of a small
-- version it is all of them.
-- reads: sizes, version.version_info
-- makes: first_key, last_key
with parts as (
    select
        (hash(version) % 32)::bigint as part,
        (select rows from sizes where name = 'daily_activity') < 1000000 as is_small
    from version.version_info
)

select
    if(is_small, 0, part << 58) as first_key,
    if(is_small, 9223372036854775807, (part << 58) + (1::bigint << 58) - 1) as last_key
from parts
