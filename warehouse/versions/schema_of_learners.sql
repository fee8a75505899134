-- The public tables of a version: every type, NOT NULL, CHECK and comment lives here and nowhere else.
-- No keys and no indexes: uniqueness is a check before publishing, and look-ups find their rows by the tables' order.
-- Here: what is said of learners.

create table users (
    user_id varchar not null check (user_id <> ''),
    username varchar,
    timezone varchar not null,
    is_public boolean not null,
    user_key bigint not null check (user_key >= 0)
);
comment on table users is 'The learners of the newest users landing, without deleted ones.';
comment on column users.user_id is 'The learner''s id, as text; UUIDs in lower case.';
comment on column users.username is 'The name by which the platform shows the learner, as the source spells it.';
comment on column users.timezone is 'IANA zone in force on the newest day; the default zone where the source names none that exists.';
comment on column users.is_public is 'Whether the learner agreed to a public profile; only a true boolean in the source counts.';
comment on column users.user_key is '63-bit hash of user_id; every large table is ordered by it.';

create table daily_activity (
    user_key bigint not null,
    user_id varchar not null,
    activity_date date not null,
    xp_earned bigint not null check (xp_earned >= 0),
    learning_time bigint not null check (learning_time >= 0),
    sessions bigint not null check (sessions >= 0),
    quizzes bigint not null check (quizzes >= 0),
    quizzes_passed bigint not null check (quizzes_passed between 0 and quizzes)
);
comment on table daily_activity is 'One row per learner and active local date, all history, ordered by user_key and activity_date.';
comment on column daily_activity.user_key is '63-bit hash of user_id.';
comment on column daily_activity.user_id is 'The learner.';
comment on column daily_activity.activity_date is 'The date in the zone that the learner had then.';
comment on column daily_activity.xp_earned is 'Sum of the XP amounts of the date, corrections included, never below 0 (R6).';
comment on column daily_activity.learning_time is 'Whole seconds in which at least one session was open, two devices at once counting once, and the seconds of totals by day (R7).';
comment on column daily_activity.sessions is 'Sessions started on the date (R9).';
comment on column daily_activity.quizzes is 'Quiz attempts of the date (R10).';
comment on column daily_activity.quizzes_passed is 'Those of the attempts that were passed (R10).';

create table learning_pulse (
    user_key bigint not null,
    user_id varchar not null,
    activity_date date not null,
    xp_earned bigint not null check (xp_earned >= 0),
    learning_time bigint not null check (learning_time >= 0),
    sessions bigint not null check (sessions >= 0),
    quizzes bigint not null check (quizzes >= 0),
    quizzes_passed bigint not null check (quizzes_passed between 0 and quizzes),
    level tinyint not null check (level between 1 and 4)
);
comment on table learning_pulse is 'One row per learner and active date within the learner''s 365-day window, with its level.';
comment on column learning_pulse.user_key is '63-bit hash of user_id.';
comment on column learning_pulse.user_id is 'The learner.';
comment on column learning_pulse.activity_date is 'The date in the zone that the learner had then.';
comment on column learning_pulse.xp_earned is 'As in daily_activity.';
comment on column learning_pulse.learning_time is 'As in daily_activity, whole seconds.';
comment on column learning_pulse.sessions is 'As in daily_activity.';
comment on column learning_pulse.quizzes is 'As in daily_activity.';
comment on column learning_pulse.quizzes_passed is 'As in daily_activity.';
comment on column learning_pulse.level is 'How intense the date was for the learner, 1 to 4 (R15 to R18); dates without a row are level 0.';

create table pulse_totals (
    user_key bigint not null,
    user_id varchar not null,
    window_start date not null,
    window_end date not null check (window_end - window_start = 364),
    last_complete_date date not null check (window_end - last_complete_date between 0 and 1),
    year integer not null,
    total_xp_earned bigint not null check (total_xp_earned >= 0),
    total_learning_time bigint not null check (total_learning_time >= 0),
    total_sessions bigint not null check (total_sessions >= 0),
    total_quizzes bigint not null check (total_quizzes >= 0),
    total_quizzes_passed bigint not null check (total_quizzes_passed >= 0),
    active_days integer not null check (active_days between 0 and 365),
    cut_2 bigint,
    cut_3 bigint,
    cut_4 bigint,
    cut_population varchar not null check (cut_population in ('own', 'platform'))
);
comment on table pulse_totals is 'One row per learner: the window, the sums of its 365 days, and the cuts behind the levels.';
comment on column pulse_totals.user_key is '63-bit hash of user_id.';
comment on column pulse_totals.user_id is 'The learner.';
comment on column pulse_totals.window_start is 'The first of the 365 dates, window_end minus 364 days.';
comment on column pulse_totals.window_end is 'The learner''s local date one microsecond before data through (R12).';
comment on column pulse_totals.last_complete_date is 'The last date that is over for the learner: the local date of data through, minus one day (R12). What comes after it will still change.';
comment on column pulse_totals.year is 'The year of window_end.';
comment on column pulse_totals.total_xp_earned is 'Sum of xp_earned over the window (R13).';
comment on column pulse_totals.total_learning_time is 'Sum of learning_time over the window, seconds.';
comment on column pulse_totals.total_sessions is 'Sum of sessions over the window.';
comment on column pulse_totals.total_quizzes is 'Sum of quizzes over the window.';
comment on column pulse_totals.total_quizzes_passed is 'Sum of quizzes_passed over the window.';
comment on column pulse_totals.active_days is 'Dates in the window on which any measure is above 0 (R11).';
comment on column pulse_totals.cut_2 is 'The score at the first quartile of the population, by nearest rank (R17); null while nobody has been active.';
comment on column pulse_totals.cut_3 is 'The score at the median.';
comment on column pulse_totals.cut_4 is 'The score at the third quartile.';
comment on column pulse_totals.cut_population is 'Whose scores the cuts divide: the learner''s own, or those of all learners (R16).';
