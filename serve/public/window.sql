-- The window of a learner and whose active days the levels compare (R11, R16). The key is asked of both tables, so that
-- neither is read whole.
-- reads: pulse_totals, users
-- takes: $user_key
-- makes: user_id, window_start, window_end, cut_population, timezone
select totals.user_id, totals.window_start, totals.window_end, totals.cut_population, users.timezone
from pulse_totals as totals
inner join users on totals.user_key = users.user_key and totals.user_id = users.user_id
where totals.user_key = $user_key and users.user_key = $user_key
