-- Totals are the sums of the days (R13).
-- table: pulse_totals
-- compares: select count(*) from version.pulse_totals
-- reads: pulse_sums, version.pulse_totals
select 'user_key ' || totals.user_key as example
from version.pulse_totals as totals
left join pulse_sums as days on totals.user_key = days.user_key
where
    totals.total_xp_earned is distinct from coalesce(days.xp_earned, 0)
    or totals.total_learning_time is distinct from coalesce(days.learning_time, 0)
    or totals.total_sessions is distinct from coalesce(days.sessions, 0)
    or totals.total_quizzes is distinct from coalesce(days.quizzes, 0)
    or totals.total_quizzes_passed is distinct from coalesce(days.quizzes_passed, 0)
    or totals.active_days is distinct from coalesce(days.active_days, 0)
