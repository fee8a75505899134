-- The public views of a version, continued: how much is learned, how well, and how intensely, week by week (R12, R28).

create view weekly_percentiles as
with weeks as (
    select
        week,
        count(*) as learners,
        quantile_disc(learning_time, [0.25, 0.5, 0.75, 0.9]) as seconds,
        quantile_disc(xp_earned, [0.25, 0.5, 0.75, 0.9]) as xp
    from learner_weeks
    group by week
)

select
    week,
    learners,
    seconds[1] as learning_time_p25,
    seconds[2] as learning_time_p50,
    seconds[3] as learning_time_p75,
    seconds[4] as learning_time_p90,
    xp[1] as xp_earned_p25,
    xp[2] as xp_earned_p50,
    xp[3] as xp_earned_p75,
    xp[4] as xp_earned_p90
from weeks;
comment on view weekly_percentiles is 'One row per whole week with an active learner: percentiles of what each active learner did in it, by nearest rank.';
comment on column weekly_percentiles.week is 'The first date of the week (R28).';
comment on column weekly_percentiles.learners is 'Learners with an active date in the week; nobody else counts in the percentiles.';
comment on column weekly_percentiles.learning_time_p25 is 'A quarter of them learned for at most so many seconds.';
comment on column weekly_percentiles.learning_time_p50 is 'The median of their seconds.';
comment on column weekly_percentiles.learning_time_p75 is 'Three quarters of them learned for at most so many seconds.';
comment on column weekly_percentiles.learning_time_p90 is 'Nine in ten of them learned for at most so many seconds.';
comment on column weekly_percentiles.xp_earned_p25 is 'A quarter of them earned at most so many XP.';
comment on column weekly_percentiles.xp_earned_p50 is 'The median of their XP.';
comment on column weekly_percentiles.xp_earned_p75 is 'Three quarters of them earned at most so many XP.';
comment on column weekly_percentiles.xp_earned_p90 is 'Nine in ten of them earned at most so many XP.';

create view quiz_pass_rate as
select
    first_of_week(days.activity_date, info.week_start) as week,
    sum(days.quizzes)::bigint as quizzes,
    sum(days.quizzes_passed)::bigint as quizzes_passed,
    sum(days.quizzes_passed) / nullif(sum(days.quizzes), 0) as pass_rate
from daily_activity as days
cross join version_info as info
where first_of_week(days.activity_date, info.week_start) + 6 <= info.complete_through
group by first_of_week(days.activity_date, info.week_start);
comment on view quiz_pass_rate is 'One row per whole week with an active learner: quiz attempts, and how many of them were passed (R10).';
comment on column quiz_pass_rate.week is 'The first date of the week (R28).';
comment on column quiz_pass_rate.quizzes is 'Attempts of all learners.';
comment on column quiz_pass_rate.quizzes_passed is 'Those of the attempts that were passed.';
comment on column quiz_pass_rate.pass_rate is 'Passed attempts as a share of all, 0 to 1; null without an attempt.';

create view levels_by_week as
with counted as (
    select first_of_week(pulse.activity_date, info.week_start) as week, pulse.level, count(*) as days
    from learning_pulse as pulse
    cross join version_info as info
    where
        first_of_week(pulse.activity_date, info.week_start) >= (select max(window_start) from pulse_totals)
        and first_of_week(pulse.activity_date, info.week_start) + 6 <= info.complete_through
    group by first_of_week(pulse.activity_date, info.week_start), pulse.level
),

levels as (
    select week, unnest([1, 2, 3, 4])::tinyint as level
    from counted
    group by week
)

select
    levels.week,
    levels.level,
    coalesce(counted.days, 0) as days,
    coalesce(counted.days, 0) / sum(counted.days) over (partition by levels.week) as share
from levels
left join counted on levels.week = counted.week and levels.level = counted.level;
comment on view levels_by_week is 'Four rows per week that is whole in the 365 days of everybody, and has an active learner: how intense the active days were.';
comment on column levels_by_week.week is 'The first date of the week (R28).';
comment on column levels_by_week.level is 'The level, 1 to 4 (R15 to R18).';
comment on column levels_by_week.days is 'Active days of this level, of all learners.';
comment on column levels_by_week.share is 'The same as a share of all active days of the week, 0 to 1.';
