-- The rows of a landing that were quarantined, without those of the learner whose are $ids: they stay as they are.
-- reads: landing_before
-- takes: $day, $ids
-- makes: day, event_id, user_id, instant, ended_at, last_activity_at, amount, passed, measures, updated_at, reason,
-- row, is_conflicting, is_foreign
select
    $day::date as day,
    event_id,
    user_id,
    instant,
    ended_at,
    last_activity_at,
    amount,
    passed,
    measures,
    updated_at,
    reason,
    row,
    false as is_conflicting,
    false as is_foreign
from landing_before
where is_quarantined(reason) and not is_of_learner(user_id, row, $ids::varchar[])
