-- The public tables of the profile, continued: calendar years (R30). They are left out with `pulse.profile = false`.

create table yearly_totals (
    user_key bigint not null,
    user_id varchar not null,
    year integer not null,
    total_xp_earned bigint not null check (total_xp_earned >= 0),
    total_learning_time bigint not null check (total_learning_time >= 0),
    total_sessions bigint not null check (total_sessions >= 0),
    total_quizzes bigint not null check (total_quizzes >= 0),
    total_quizzes_passed bigint not null check (total_quizzes_passed >= 0),
    active_days integer not null check (active_days between 1 and 366),
    lowest_score bigint not null,
    highest_score bigint not null check (highest_score >= lowest_score),
    cut_2 bigint not null,
    cut_3 bigint not null,
    cut_4 bigint not null,
    cut_population varchar not null check (cut_population in ('own', 'platform'))
);
comment on table yearly_totals is 'One row per learner and calendar year with an active date, up to window_end: sums, and the cuts behind the levels of the year (R30).';
comment on column yearly_totals.user_key is '63-bit hash of user_id.';
comment on column yearly_totals.user_id is 'The learner.';
comment on column yearly_totals.year is 'The calendar year, on local dates.';
comment on column yearly_totals.total_xp_earned is 'Sum of xp_earned over the year.';
comment on column yearly_totals.total_learning_time is 'Sum of learning_time over the year, seconds.';
comment on column yearly_totals.total_sessions is 'Sum of sessions over the year.';
comment on column yearly_totals.total_quizzes is 'Sum of quizzes over the year.';
comment on column yearly_totals.total_quizzes_passed is 'Sum of quizzes_passed over the year.';
comment on column yearly_totals.active_days is 'Dates of the year on which any measure is above 0.';
comment on column yearly_totals.lowest_score is 'The lowest score of the population.';
comment on column yearly_totals.highest_score is 'Its highest score.';
comment on column yearly_totals.cut_2 is 'The score at the first quartile of the population, by nearest rank (R17).';
comment on column yearly_totals.cut_3 is 'The score at the median.';
comment on column yearly_totals.cut_4 is 'The score at the third quartile.';
comment on column yearly_totals.cut_population is 'Whose scores of the year the cuts divide: the learner''s own, or those of all learners (R16).';

create view yearly_pulse as
select
    days.user_id,
    years.year,
    days.activity_date,
    days.xp_earned,
    days.learning_time,
    days.sessions,
    days.quizzes,
    days.quizzes_passed,
    level_of(
        case info.level_metric when 'xp_earned' then days.xp_earned else days.learning_time end,
        years.lowest_score, years.highest_score, years.cut_2, years.cut_3, years.cut_4
    ) as level
from daily_activity as days
inner join yearly_totals as years
    on
        days.user_key = years.user_key
        and days.user_id = years.user_id
        and year(days.activity_date) = years.year
inner join pulse_totals as totals on days.user_key = totals.user_key and days.user_id = totals.user_id
cross join version_info as info
where days.activity_date <= totals.window_end;
comment on view yearly_pulse is 'One row per learner and active date of every calendar year, up to window_end, with its level within the year (R30).';
comment on column yearly_pulse.user_id is 'The learner.';
comment on column yearly_pulse.year is 'The calendar year, on local dates.';
comment on column yearly_pulse.activity_date is 'The date in the zone that the learner had then.';
comment on column yearly_pulse.xp_earned is 'As in daily_activity.';
comment on column yearly_pulse.learning_time is 'As in daily_activity, whole seconds.';
comment on column yearly_pulse.sessions is 'As in daily_activity.';
comment on column yearly_pulse.quizzes is 'As in daily_activity.';
comment on column yearly_pulse.quizzes_passed is 'As in daily_activity.';
comment on column yearly_pulse.level is 'How intense the date was for the learner within the year, 1 to 4; dates without a row are level 0.';
