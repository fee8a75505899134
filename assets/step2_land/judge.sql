-- Rows as they were read -> rows as they land, for the whole UTC days `first_day` to `last_day`: R19's reasons, R20's
-- one row per id, R26's ids. What a kind does not have is null in its spool. `instant` is that by which R2 finds the
-- day. What R20 leaves out stays in the file, with a reason of its own: so a day can be judged again without a learner
-- who is erased. A duplicate is foreign if it is of another learner than the row that counts.
-- reads: spool
-- takes: $first_day, $kind, $largest_amount, $last_day, $longer_than_24h, $may_be_deleted, $most_seconds, $taken_at
-- makes: day, event_id, user_id, instant, ended_at, last_activity_at, amount, passed, measures, updated_at, reason,
-- row, is_conflicting, is_foreign
with spooled as (
    select
        * replace (given_id(event_id) as event_id, given_id(user_id) as user_id),
        instant::date as day,
        coalesce(unreadable, []) as defects
    from spool
    where instant >= $first_day::date and instant < $last_day::date + interval 1 day
),

reasoned as (
    select
        * replace (normal_id(event_id) as event_id, normal_id(user_id) as user_id),
        session_end(instant, ended_at, last_activity_at) > instant + interval 24 hours as is_longer_than_24h,
        case
            when event_id is null and not list_contains(defects, 'event_id') then 'missing_id'
            when user_id is null and not list_contains(defects, 'user_id') then 'missing_user'
            when list_has_any(defects, ['event_id', 'user_id']) then 'bad_text'
            when is_bad_text(event_id) or is_bad_text(user_id) then 'bad_text'
            when list_has_any(defects, ['ended_at', 'last_activity_at', 'updated_at']) then 'bad_time'
            when session_end(instant, ended_at, last_activity_at) < instant then 'ended_before_started'
            when $longer_than_24h = 'quarantine' and is_longer_than_24h then 'longer_than_24h'
            when $kind = 'xp' and coalesce(amount not between -$largest_amount and $largest_amount, true)
                then 'bad_amount'
            when $kind = 'daily' and not are_totals(measures, $largest_amount, $most_seconds) then 'bad_amount'
            when $kind = 'quizzes' and passed is null then 'bad_passed'
        end as reason,
        $may_be_deleted and is_deleted(deleted_at, defects, $taken_at) as is_deleted,
        $longer_than_24h <> 'quarantine' and reason is null and is_longer_than_24h as is_shortened
    from spooled
),

-- A capped session has its end in `ended_at`, which comes before any last activity (R8).
judged as (
    select
        * exclude (is_longer_than_24h, is_shortened) replace (
            if(is_shortened, if($longer_than_24h = 'cap', instant + interval 24 hours, null), ended_at) as ended_at,
            if(is_shortened and $longer_than_24h = 'no_length', null, last_activity_at) as last_activity_at
        )
    from reasoned
),

-- Few ids come more than once, so only those are sorted and compared.
repeated as (
    select day, event_id
    from judged
    where reason is null
    group by day, event_id
    having count(*) > 1
),

ranked as (
    select
        judged.*,
        row_number() over winner_first as place,
        (first_value(judged.user_id) over winner_first is distinct from judged.user_id) as is_foreign,
        count(distinct struct_pack(user_id, instant, ended_at, last_activity_at, amount, passed, measures)) over (
            partition by judged.day, judged.event_id
        ) > 1 as is_conflicting
    from judged
    inner join repeated on judged.day = repeated.day and judged.event_id = repeated.event_id
    where judged.reason is null
    window winner_first as (
        partition by judged.day, judged.event_id
        order by
            judged.updated_at desc nulls last, judged.user_id desc nulls last, judged.instant desc nulls last,
            judged.ended_at desc nulls last, judged.last_activity_at desc nulls last,
            judged.amount desc nulls last, judged.passed desc nulls last, judged.measures desc nulls last,
            judged.is_deleted desc
    )
),

kept as (
    select *, false as is_foreign, false as is_conflicting from judged where reason is not null
    union all
    select judged.* replace (if(judged.is_deleted, 'deleted', null) as reason), false, false
    from judged
    anti join repeated on judged.day = repeated.day and judged.event_id = repeated.event_id
    where judged.reason is null
    union all
    select
        * exclude (place, is_foreign, is_conflicting) replace (reason_of_repeated(place, is_deleted) as reason),
        is_foreign,
        place = 1 and is_conflicting
    from ranked
)

select
    kept.day,
    case when kept.reason is null or not is_bad_text(kept.event_id) then kept.event_id end::varchar as event_id,
    kept.user_id::varchar as user_id,
    kept.instant,
    kept.ended_at,
    kept.last_activity_at,
    kept.amount,
    kept.passed,
    kept.measures,
    kept.updated_at,
    kept.reason,
    case
        when is_quarantined(kept.reason)
            then coalesce(
                kept.source_row,
                row_json(
                    $kind, kept.event_id, kept.user_id, kept.instant, kept.ended_at, kept.last_activity_at,
                    kept.amount, kept.passed, kept.measures, kept.updated_at
                )
            )
    end as row,
    kept.is_conflicting,
    kept.is_foreign
from kept
