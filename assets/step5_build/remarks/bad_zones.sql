-- The zones of a stream's learners -> how many give one, how many of these are no IANA name (R4), and examples. These
-- are the commonest. A null and an empty text are not given. A learner's id or name, or an address, is no example: then
-- the wrong column is mapped.
-- reads: known_zones, landed_users
-- takes: $stream
-- makes: given, unreadable, examples
with spelled as (
    select
        timezone,
        count(*) as learners,
        coalesce(bool_or(lower(timezone) in (lower(user_id), lower(username))), false) as is_personal
    from landed_users
    where
        reason is null
        and not is_deleted
        and trim(timezone) <> ''
        and list_contains(string_split(stream, ', '), $stream)
    group by timezone
),

bad as (
    select spelled.*
    from spelled
    anti join known_zones on spelled.timezone = known_zones.spelled
),

examples as (
    select left(timezone, 40) as example
    from bad
    where not is_personal and not contains(timezone, '@')
    order by learners desc, timezone asc
    limit 3
)

select
    (select coalesce(sum(learners), 0)::bigint from spelled) as given,
    (select coalesce(sum(learners), 0)::bigint from bad) as unreadable,
    (select list(example) from examples) as examples
