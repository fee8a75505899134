-- The public views of a version, continued: how many learners were active, by date, week and month, each period only
-- when it is over for everybody (R12). Periods in which nobody was active have a row, too, or a chart would skip them.

create view active_learners_by_day as
with dates as (
    select unnest(generate_series(
        (select min(activity_date) from daily_activity)::timestamp,
        (select complete_through from version_info)::timestamp,
        interval 1 day
    ))::date as activity_date
),

active as (
    select activity_date, count(*) as learners
    from daily_activity
    group by activity_date
),

firsts as (
    select first_active_date as activity_date, count(*) as learners
    from first_and_last_dates
    group by first_active_date
)

select dates.activity_date, coalesce(active.learners, 0) as learners, coalesce(firsts.learners, 0) as new_learners
from dates
left join active on dates.activity_date = active.activity_date
left join firsts on dates.activity_date = firsts.activity_date;
comment on view active_learners_by_day is 'Daily active learners: one row per date, from the first on which anybody was active to complete_through.';
comment on column active_learners_by_day.activity_date is 'The date, in the zone of each learner.';
comment on column active_learners_by_day.learners is 'Learners who were active on the date (R11).';
comment on column active_learners_by_day.new_learners is 'Those of them who had never been active before.';

create view active_learners_by_week as
select
    cohort_week + (7 * weeks_since_first)::integer as week,
    sum(learners)::bigint as learners,
    coalesce(sum(cohort_learners) filter (where weeks_since_first = 0), 0)::bigint as new_learners
from retention_by_cohort
group by cohort_week + (7 * weeks_since_first)::integer;
comment on view active_learners_by_week is 'Weekly active learners: one row per whole week, from the first in which anybody was active to complete_through.';
comment on column active_learners_by_week.week is 'The first date of the week (R28).';
comment on column active_learners_by_week.learners is 'Learners with an active date in the week, each once.';
comment on column active_learners_by_week.new_learners is 'Those of them who had never been active before the week.';

create view active_learners_by_month as
with months as (
    select
        unnest(generate_series(
            date_trunc('month', (select min(activity_date) from daily_activity))::timestamp,
            date_trunc('month', complete_through + 1) - interval 1 month,
            interval 1 month
        ))::date as month
    from version_info
),

active as (
    select date_trunc('month', activity_date)::date as month, count(distinct user_key) as learners
    from daily_activity
    group by date_trunc('month', activity_date)
),

firsts as (
    select date_trunc('month', first_active_date)::date as month, count(*) as learners
    from first_and_last_dates
    group by date_trunc('month', first_active_date)
)

select months.month, coalesce(active.learners, 0) as learners, coalesce(firsts.learners, 0) as new_learners
from months
left join active on months.month = active.month
left join firsts on months.month = firsts.month;
comment on view active_learners_by_month is 'Monthly active learners: one row per whole month, from the first in which anybody was active to complete_through.';
comment on column active_learners_by_month.month is 'The first date of the month.';
comment on column active_learners_by_month.learners is 'Learners with an active date in the month, each once.';
comment on column active_learners_by_month.new_learners is 'Those of them who had never been active before the month.';
