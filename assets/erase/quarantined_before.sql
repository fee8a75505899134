-- The rows of a landing that were quarantined, without those of the learner $user_id: they stay as they are.
-- reads: landing_before
-- takes: $day, $user_id
-- makes: day, event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row,
-- is_conflicting, is_foreign
select
    $day::date as day,
    event_id,
    user_id,
    instant,
    ended_at,
    last_activity_at,
    amount,
    passed,
    updated_at,
    reason,
    row,
    false as is_conflicting,
    false as is_foreign
from landing_before
where reason <> 'duplicate' and not is_of_learner(user_id, row, $user_id)
