-- The rows of a landing that passed, or would have if no other had their id, without those of the learner whose are
-- $ids. Judged again they are the landing without that learner (R20).
-- reads: landing_before
-- takes: $ids
-- makes: event_id, user_id, instant, ended_at, last_activity_at, amount, passed, measures, updated_at, deleted_at,
-- unreadable, source_row
select
    event_id,
    user_id,
    instant,
    ended_at,
    last_activity_at,
    amount,
    passed,
    measures,
    updated_at,
    case when starts_with(reason, 'deleted') then timestamp '1970-01-01' end as deleted_at,
    null::varchar[] as unreadable,
    null::varchar as source_row
from landing_before
where not is_quarantined(reason) and not is_of_learner(user_id, row, $ids::varchar[])
