-- The public tables of the profile: what else a learner's page shows, from the same rows (R27 to R29). They are left
-- out with `pulse.profile = false`.

create table streaks (
    user_key bigint not null,
    user_id varchar not null,
    current_streak integer not null check (current_streak >= 0),
    longest_streak integer not null check (longest_streak >= current_streak),
    last_activity date,
    streak_at_risk boolean not null,
    freezes_used integer not null check (freezes_used >= 0),
    freezes_available bigint not null check (freezes_available >= 0)
);
comment on table streaks is 'One row per learner: dates with XP in a row, over all history (R27).';
comment on column streaks.user_key is '63-bit hash of user_id.';
comment on column streaks.user_id is 'The learner.';
comment on column streaks.current_streak is 'Dates with XP in the run that reaches window_end or the date before; covered dates keep it alive and do not count.';
comment on column streaks.longest_streak is 'The most of them in any run.';
comment on column streaks.last_activity is 'The last date with XP; null without one.';
comment on column streaks.streak_at_risk is 'Whether the current streak is above 0 and window_end has neither XP nor a saver.';
comment on column streaks.freezes_used is 'Dates that a streak saver covers.';
comment on column streaks.freezes_available is 'Savers that the learner has left, as of the night; 0 where the source does not say.';

create table weekly_activity (
    user_key bigint not null,
    user_id varchar not null,
    activity_date date not null,
    xp_earned bigint not null check (xp_earned >= 0),
    learning_time bigint not null check (learning_time >= 0),
    sessions bigint not null check (sessions >= 0),
    quizzes bigint not null check (quizzes >= 0),
    quizzes_passed bigint not null check (quizzes_passed between 0 and quizzes),
    is_freeze_covered boolean not null
);
comment on table weekly_activity is 'One row per learner and active or covered date in the week of window_end, which begins with version_info.week_start (R28).';
comment on column weekly_activity.user_key is '63-bit hash of user_id.';
comment on column weekly_activity.user_id is 'The learner.';
comment on column weekly_activity.activity_date is 'The date, not after window_end.';
comment on column weekly_activity.xp_earned is 'As in daily_activity, 0 on a date that is only covered.';
comment on column weekly_activity.learning_time is 'As in daily_activity, whole seconds.';
comment on column weekly_activity.sessions is 'As in daily_activity.';
comment on column weekly_activity.quizzes is 'As in daily_activity.';
comment on column weekly_activity.quizzes_passed is 'As in daily_activity.';
comment on column weekly_activity.is_freeze_covered is 'Whether a streak saver covers the date.';

create table xp_totals (
    user_key bigint not null,
    user_id varchar not null,
    total_xp bigint not null check (total_xp >= 0),
    level bigint not null check (level >= 1),
    level_starts_at bigint not null check (level_starts_at <= total_xp),
    next_level_at bigint check (next_level_at > total_xp),
    booster_multiplier double,
    booster_ends_at timestamp with time zone
);
comment on table xp_totals is 'One row per learner: XP over all history, and its level (R29).';
comment on column xp_totals.user_key is '63-bit hash of user_id.';
comment on column xp_totals.user_id is 'The learner.';
comment on column xp_totals.total_xp is 'Sum of xp_earned over all dates up to window_end; the platform''s own may differ, where it floors otherwise or began before first_day.';
comment on column xp_totals.level is 'The level by `[xp] level_thresholds`, 1 first.';
comment on column xp_totals.level_starts_at is 'The XP at which the level begins.';
comment on column xp_totals.next_level_at is 'The XP at which the next level begins; null at the highest.';
comment on column xp_totals.booster_multiplier is 'What XP are multiplied by now, as of the night; null without an active booster.';
comment on column xp_totals.booster_ends_at is 'When that ends, after data through.';

create table zones_over_time (
    user_key bigint not null,
    user_id varchar not null,
    timezone varchar not null,
    from_day date not null
);
comment on table zones_over_time is 'One row per learner and zone in the order of time: in which zone the dates of which UTC days were cut (R3).';
comment on column zones_over_time.user_key is '63-bit hash of user_id.';
comment on column zones_over_time.user_id is 'The learner.';
comment on column zones_over_time.timezone is 'The IANA zone; the default zone where the source names none that exists (R4).';
comment on column zones_over_time.from_day is 'The first UTC day on which it counts, until the day of the next row; the first row''s is 0001-01-01.';
