-- No column is null that may not be.
-- table: pulse_totals
-- compares: select sum(rows) from sizes
-- reads: activity_sums, pulse_sums, version.pulse_totals, version.users
--
-- Every column but those that may be empty: the names, and the cuts while nobody has been active.
select 'daily_activity, user_key ' || coalesce(user_key::varchar, '?') as example from activity_sums where null_rows > 0
union all
select 'learning_pulse, user_key ' || coalesce(user_key::varchar, '?') from pulse_sums where null_rows > 0
union all
select 'pulse_totals, user_key ' || coalesce(user_key::varchar, '?')
from version.pulse_totals
where
    user_key + year + active_days is null
    or total_xp_earned + total_learning_time + total_sessions + total_quizzes + total_quizzes_passed is null
    or user_id is null
    or window_start is null
    or window_end is null
    or last_complete_date is null
    or cut_population is null
    or (active_days > 0 and cut_2 + cut_3 + cut_4 is null)
union all
select 'users, user_key ' || coalesce(user_key::varchar, '?')
from version.users
where user_key is null or user_id is null or timezone is null or is_public is null
