-- The learners of each stream -> every learner once, and every row without a usable id (R3). Of a learner who is in
-- several streams the first value that is not null counts, in the order of the streams. Deleted is who is so in any of
-- them; public is who is so in every stream that says who is. Where streams are merged, a learner who is missing from
-- such a stream is not public there.
-- reads: users_by_stream, users_streams
-- takes: $are_merged
-- makes: user_id, username, timezone, is_public, is_deleted, freezes_available, booster_multiplier, booster_ends_at,
-- reason, row, stream
with numbered as (
    select own.*, streams.number, streams.has_is_public
    from users_by_stream as own
    inner join users_streams as streams on own.stream = streams.stream
    where own.reason is null
),

merged as (
    select
        user_id,
        arg_min(username, number) filter (username is not null) as username,
        arg_min(timezone, number) filter (timezone is not null) as timezone,
        coalesce(bool_and(is_public) filter (has_is_public), false) as is_public,
        count(*) filter (has_is_public) as streams_with_is_public,
        bool_or(is_deleted) as is_deleted,
        arg_min(freezes_available, number) filter (freezes_available is not null) as freezes_available,
        arg_min(booster_multiplier, number) filter (booster_multiplier is not null) as booster_multiplier,
        arg_min(booster_ends_at, number) filter (booster_ends_at is not null) as booster_ends_at,
        string_agg(stream, ', ' order by number) as stream
    from numbered
    group by user_id
)

select
    user_id,
    username,
    timezone,
    is_public
    and (
        not $are_merged
        or streams_with_is_public = (select count(*) filter (streams.has_is_public) from users_streams as streams)
    ) as is_public,
    is_deleted,
    freezes_available,
    booster_multiplier,
    booster_ends_at,
    null as reason,
    null as row,
    stream
from merged
union all
select null, null, null, null, null, null, null, null, reason, row, stream
from users_by_stream
where reason is not null
