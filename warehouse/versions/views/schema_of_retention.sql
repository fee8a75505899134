-- The public views of a version, continued: who comes back, and who does not any more.

-- A learner has a bit for each of 63 weeks. Rows by learner and week would be fifty times as many, too many for memory.
create view retention_by_cohort as
with numbered as (
    select
        days.user_key,
        first_of_week(date '0001-01-01', info.week_start) as week_0,
        (first_of_week(days.activity_date, info.week_start) - week_0) // 7 as number
    from daily_activity as days
    cross join version_info as info
    where first_of_week(days.activity_date, info.week_start) + 6 <= info.complete_through
),

spans as (
    select
        user_key,
        any_value(week_0) + (number // 63 * 441)::integer as first_week,
        bit_or(1::bigint << (number % 63)) as active_weeks
    from numbered
    group by user_key, number // 63
),

firsts as (
    select dates.user_key, first_of_week(dates.first_active_date, info.week_start) as cohort_week
    from first_and_last_dates as dates
    cross join version_info as info
    where first_of_week(dates.first_active_date, info.week_start) + 6 <= info.complete_through
),

cohorts as (
    select
        firsts.cohort_week,
        count(*) as cohort_learners,
        unnest(range((any_value(info.complete_through) - firsts.cohort_week + 1) // 7)) as weeks_since_first
    from firsts
    cross join version_info as info
    group by firsts.cohort_week
),

active as (
    select
        firsts.cohort_week,
        (spans.first_week - firsts.cohort_week) // 7 + bits.position as weeks_since_first,
        count(*) as learners
    from spans
    inner join firsts on spans.user_key = firsts.user_key
    cross join range(63) as bits (position)
    where spans.active_weeks >> bits.position & 1 = 1
    group by all
)

select
    cohorts.cohort_week,
    cohorts.weeks_since_first,
    cohorts.cohort_learners,
    coalesce(active.learners, 0) as learners,
    coalesce(active.learners, 0) / cohorts.cohort_learners as share
from cohorts
left join active
    on cohorts.cohort_week = active.cohort_week and cohorts.weeks_since_first = active.weeks_since_first;
comment on view retention_by_cohort is 'One row per week in which learners were active for the first time, and whole week since: how many of them were active in that one.';
comment on column retention_by_cohort.cohort_week is 'The first date of the week (R28) in which they were first active; in the week of first_day that is everybody who was before.';
comment on column retention_by_cohort.weeks_since_first is 'Weeks from there on; 0 is the first week itself.';
comment on column retention_by_cohort.cohort_learners is 'Learners of the cohort; deleted and erased ones are in none.';
comment on column retention_by_cohort.learners is 'Those of them with an active date in that week.';
comment on column retention_by_cohort.share is 'The same as a share of the cohort, 0 to 1.';

create view drop_off as
with lasts as (
    select
        case
            when dates.last_active_date <= info.complete_through
                then (info.complete_through - dates.last_active_date) // 7
            when dates.last_active_date is not null then 0
        end as weeks_since_last
    from users
    cross join version_info as info
    left join first_and_last_dates as dates on users.user_key = dates.user_key
)

select
    weeks_since_last,
    count(*) as learners,
    count(*) / sum(count(*)) over () as share
from lasts
group by weeks_since_last;
comment on view drop_off is 'One row per number of weeks for which learners have not been active, with those who never were; numbers that nobody has are left out.';
comment on column drop_off.weeks_since_last is 'Sevens of dates from the last active date to complete_through; 0 is the last seven dates, or a later date that is not over; null is never active.';
comment on column drop_off.learners is 'Learners.';
comment on column drop_off.share is 'The same as a share of all learners, 0 to 1.';
