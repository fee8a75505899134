-- Rows of the streams of learners as they were read -> every row once by stream. A row without a usable id has a reason
-- (R19). Of rows with one id in one stream only that with the greatest content counts (R20, R26). `users_streams` says
-- of each stream when its snapshot was taken.
-- reads: spool, users_streams
-- makes: stream, user_id, username, timezone, is_public, is_deleted, freezes_available, booster_multiplier,
-- booster_ends_at, reason, row
with judged as (
    select
        spool.* replace (normal_id(given_id(spool.user_id)) as user_id),
        is_deleted(spool.deleted_at, spool.unreadable, users_streams.taken_at) as is_deleted,
        case
            when given_id(spool.user_id) is null and not list_contains(coalesce(spool.unreadable, []), 'user_id')
                then 'missing_id'
            when list_contains(coalesce(spool.unreadable, []), 'user_id') or is_bad_text(spool.user_id) then 'bad_text'
            when starts_with(spool.user_id, chr(31)) then 'bad_text' -- as keys of lookups begin
        end as reason
    from spool
    inner join users_streams on spool.stream = users_streams.stream
),

read as (
    select
        stream,
        reason,
        user_id,
        case when not contains(username, chr(0)) then username end as username,
        case when not contains(timezone, chr(0)) then timezone end as timezone,
        coalesce(is_public, false) as is_public,
        case when is_deleted then deleted_at end as deleted_at,
        is_deleted,
        freezes_available,
        booster_multiplier,
        booster_ends_at,
        coalesce(
            source_row,
            to_json({
                'user_id': left(user_id, 1000), 'username': left(username, 1000), 'timezone': left(timezone, 1000),
                'is_public': is_public::varchar, 'deleted_at': deleted_at::varchar
            })::varchar
        ) as row
    from judged
),

ranked as (
    select
        *,
        row_number() over (
            partition by stream, user_id
            order by
                username desc nulls last, timezone desc nulls last, is_public desc nulls last,
                deleted_at desc nulls last, is_deleted desc, freezes_available desc nulls last,
                booster_multiplier desc nulls last, booster_ends_at desc nulls last
        ) as place
    from read
    where reason is null
)

select
    stream,
    null as user_id,
    null as username,
    null as timezone,
    null as is_public,
    null as is_deleted,
    null as freezes_available,
    null as booster_multiplier,
    null as booster_ends_at,
    reason,
    row
from read
where reason is not null
union all
select
    stream,
    user_id,
    username,
    timezone,
    is_public,
    is_deleted,
    freezes_available,
    booster_multiplier,
    booster_ends_at,
    null as reason,
    null as row
from ranked
where place = 1
