-- Histories of the learners of one bucket -> their streaks (R27).
-- reads: as_of_night, histories
-- makes: user_key, user_id, current_streak, longest_streak, last_activity, streak_at_risk, freezes_used,
-- freezes_available
select
    learner.user_key,
    learner.user_id,
    current_streak,
    longest_streak,
    last_activity,
    (current_streak > 0 and not is_end_kept) as streak_at_risk,
    covered_dates as freezes_used,
    coalesce(as_of_night.freezes_available, 0) as freezes_available
from histories as learner
left join as_of_night on learner.user_key = as_of_night.user_key
order by learner.user_key
