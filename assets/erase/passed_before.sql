-- The rows of a landing that passed, or would have if no other had their id, without those of the learner $user_id.
-- Judged again they are the landing without that learner (R20).
-- reads: landing_before
-- takes: $user_id
-- makes: event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, unreadable, source_row
select
    event_id,
    user_id,
    instant,
    ended_at,
    last_activity_at,
    amount,
    passed,
    updated_at,
    null::varchar[] as unreadable,
    null::varchar as source_row
from landing_before
where coalesce(reason, 'duplicate') = 'duplicate' and not is_of_learner(user_id, row, $user_id)
