-- version -> how many rows the tables have that learners are looked up in.
-- reads: version.daily_activity, version.learning_pulse, version.pulse_totals, version.users
-- makes: name, rows
select 'daily_activity' as name, count(*) as rows from version.daily_activity
union all
select 'learning_pulse', count(*) from version.learning_pulse
union all
select 'pulse_totals', count(*) from version.pulse_totals
union all
select 'users', count(*) from version.users
