-- Levels 1 to 4 stand on exactly the active days of the window.
-- table: learning_pulse
-- compares: select sum(rows) from sizes where name in ('daily_activity', 'learning_pulse')
-- reads: activity_sums, pulse_sums
--
-- A date is in the pulse, with a level from 1 to 4, exactly if it is an active day within its learner's window: as many
-- of them, and the same sum of hashes over dates and measures, learner by learner.
select 'user_key ' || coalesce(days.user_key, pulse.user_key) as example
from activity_sums as days
full outer join pulse_sums as pulse on days.user_key = pulse.user_key
where
    coalesce(pulse.bad_levels, 0) > 0
    or coalesce(days.active_days, 0) <> coalesce(pulse.active_days, 0)
    or coalesce(days.days_hash, 0) <> coalesce(pulse.days_hash, 0)
