-- A learner has a date once, in order, and one totals row.
-- table: daily_activity
-- compares: select sum(rows) from sizes
-- reads: activity_sums, pulse_sums, version.daily_activity, version.learning_pulse, version.pulse_totals, version.users
--
-- Days stand in the order of learner and date, which look-ups lean on; and what ascends is there once. The order of a
-- scan is the order of the file, and no row but the one before is held.
with days_in_order as (
    select
        user_id,
        activity_date,
        user_key,
        lag(user_key) over () as key_before,
        lag(activity_date) over () as date_before
    from version.daily_activity
),

pulse_in_order as (
    select
        user_id,
        activity_date,
        user_key,
        lag(user_key) over () as key_before,
        lag(activity_date) over () as date_before
    from version.learning_pulse
)

select 'user_key ' || user_key || ' on ' || activity_date as example
from days_in_order
where user_key < key_before or (user_key = key_before and activity_date <= date_before)
union all
select 'user_key ' || user_key || ' on ' || activity_date
from pulse_in_order
where user_key < key_before or (user_key = key_before and activity_date <= date_before)
union all
select 'user_key ' || min(user_key) from version.pulse_totals group by user_id having count(*) > 1
union all
select 'user_key ' || min(user_key) from version.users group by user_id having count(*) > 1
union all
select 'user_key ' || user_key from version.users group by user_key having count(*) > 1
union all
select 'user_key ' || totals.user_key
from version.pulse_totals as totals
anti join version.users as learner on totals.user_key = learner.user_key and totals.user_id = learner.user_id
union all
select 'user_key ' || learner.user_key
from version.users as learner
anti join version.pulse_totals as totals
    on learner.user_key = totals.user_key and learner.user_id = totals.user_id
union all
select 'user_key ' || user_key from activity_sums where foreign_rows > 0
union all
select 'user_key ' || user_key from pulse_sums where foreign_rows > 0
