-- The public tables of a version: every type, NOT NULL, CHECK and comment lives here and nowhere else.
-- No keys and no indexes: uniqueness is a check before publishing, and look-ups find their rows by the tables' order.

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
comment on column daily_activity.learning_time is 'Whole seconds in which at least one session was open; two devices at once count once (R7).';
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

create table pulse_blocks (
    block bigint not null check (block >= 0),
    key_shift tinyint not null check (key_shift between 0 and 63),
    packed blob not null
);
comment on table pulse_blocks is 'Only for speed: pulse_totals and learning_pulse once more, packed for the server, some learners per row. Not part of the logical hash.';
comment on column pulse_blocks.block is 'The first bits of the user_key of its learners: user_key >> key_shift.';
comment on column pulse_blocks.key_shift is 'The same in every row.';
comment on column pulse_blocks.packed is 'A line per learner, as docs/decisions/0008 describes it; no contract, it may change.';

create table quarantine (
    stream varchar not null,
    day date,
    event_id varchar,
    reason varchar not null,
    row varchar not null
);
comment on table quarantine is 'Rows that broke a rule at landing, each with the reason (R19).';
comment on column quarantine.stream is 'The stream that the row was read by.';
comment on column quarantine.day is 'The UTC day of the row; null where it has no readable instant, and for users.';
comment on column quarantine.event_id is 'The row''s id, null where it has none that can be used.';
comment on column quarantine.reason is 'missing_id, missing_user, bad_text, bad_time, ended_before_started, longer_than_24h, bad_amount, bad_passed or missing_time.';
comment on column quarantine.row is 'The row as JSON: role to value as text, each cut at 1,000 characters.';

create table landings (
    stream varchar not null,
    day date not null,
    source_rows bigint not null check (source_rows = rows + quarantined + duplicates),
    rows bigint not null check (rows >= 0),
    quarantined bigint not null check (quarantined >= 0),
    duplicates bigint not null check (duplicates >= 0),
    conflicts bigint not null check (conflicts >= 0),
    extracted_at timestamp with time zone not null,
    proven_at timestamp with time zone not null
);
comment on table landings is 'One row per event stream and UTC day that this version was built from.';
comment on column landings.stream is 'The event stream.';
comment on column landings.day is 'The UTC day.';
comment on column landings.source_rows is 'Rows of the day in the source, by its own count in the same snapshot.';
comment on column landings.rows is 'Rows that passed every rule, each id once.';
comment on column landings.quarantined is 'Rows that broke a rule.';
comment on column landings.duplicates is 'Rows dropped because their id counts once a day (R20).';
comment on column landings.conflicts is 'Ids that came with differing content (R20).';
comment on column landings.extracted_at is 'When the snapshot was taken.';
comment on column landings.proven_at is 'When the landing was last found equal to its source: by a reconciliation before this version, else by its own extraction.';

create table restatements (
    user_key bigint not null,
    user_id varchar not null,
    activity_date date not null,
    measure varchar not null check (
        measure in ('xp_earned', 'learning_time', 'sessions', 'quizzes', 'quizzes_passed')
    ),
    old bigint not null check (old >= 0),
    new bigint not null check (new >= 0 and new <> old),
    version varchar not null,
    reason varchar not null check (reason in ('source', 'zone', 'rule'))
);
comment on table restatements is 'Complete past dates whose measures differ in a later version: one row per learner, date, measure and version.';
comment on column restatements.user_key is '63-bit hash of user_id.';
comment on column restatements.user_id is 'The learner; those who are not in users any more have no rows.';
comment on column restatements.activity_date is 'The date, complete both in the version that said the old value and in the one that says the new.';
comment on column restatements.measure is 'xp_earned, learning_time, sessions, quizzes or quizzes_passed.';
comment on column restatements.old is 'What the version before said.';
comment on column restatements.new is 'What `version` says.';
comment on column restatements.version is 'The first version with the new value.';
comment on column restatements.reason is 'zone: the learner''s zone, the default zone or the zone data are others; source: the source''s rows are; rule: the configuration is, such as first_day.';

create table version_info (
    version varchar not null,
    data_through timestamp with time zone not null,
    complete_through date not null,
    built_at timestamp with time zone not null,
    logical_hash varchar not null,
    schema_version integer not null,
    first_day date not null,
    newest_day date not null,
    default_timezone varchar not null,
    default_window_end date not null,
    level_metric varchar not null check (level_metric in ('xp_earned', 'learning_time')),
    min_active_days integer not null,
    bad_zones bigint not null,
    deleted_users bigint not null,
    unknown_user_rows bigint not null,
    deleted_user_rows bigint not null,
    read_xp hugeint not null,
    read_microseconds hugeint not null,
    engine_version varchar not null,
    zone_data_version varchar not null
);
comment on table version_info is 'One row: which version this is, and what it was made from.';
comment on column version_info.version is 'The version''s name, never used again.';
comment on column version_info.data_through is 'The instant up to which the version is complete, exclusive.';
comment on column version_info.complete_through is 'The last date that is over for every learner: the least last_complete_date, without learners that of the default zone (R12). Numbers of whole dates end here.';
comment on column version_info.built_at is 'When it was built.';
comment on column version_info.logical_hash is 'Order-independent hash over the public tables, without this one, restatements and the times in landings (R24).';
comment on column version_info.schema_version is 'Goes up when a public table changes.';
comment on column version_info.first_day is 'The first UTC day that counts.';
comment on column version_info.newest_day is 'The last UTC day up to which every event stream has landed without a gap.';
comment on column version_info.default_timezone is 'The zone of learners whose own is unknown or does not exist (R4).';
comment on column version_info.default_window_end is 'The window_end of a learner in the default zone; what a learner gets whom this version does not know (R14).';
comment on column version_info.level_metric is 'The measure that the levels score (R15).';
comment on column version_info.min_active_days is 'With fewer active days a learner is compared with everybody (R16).';
comment on column version_info.bad_zones is 'Learners whose zone on the newest day is no IANA name; 0 where no timezone is mapped (R4).';
comment on column version_info.deleted_users is 'Learners of the newest users landing who are deleted (R3); they are in no other table.';
comment on column version_info.unknown_user_rows is 'Landed rows of learners who are not among the users (R21); they are in no other table.';
comment on column version_info.deleted_user_rows is 'Landed rows of deleted learners (R21); they are in no other table.';
comment on column version_info.read_xp is 'Signed sum of the XP that the build read for the learners of users.';
comment on column version_info.read_microseconds is 'Sum of the session time that the build read for the learners of users.';
comment on column version_info.engine_version is 'The DuckDB that built it.';
comment on column version_info.zone_data_version is 'The tzdata wheel that cut the dates.';

create view learning_pulse_calendar as
with calendar as (
    select
        user_key,
        user_id,
        last_complete_date,
        unnest(generate_series(window_start::timestamp, window_end::timestamp, interval 1 day))::date as activity_date
    from pulse_totals
)

select
    calendar.user_id,
    calendar.activity_date,
    coalesce(pulse.xp_earned, 0) as xp_earned,
    coalesce(pulse.learning_time, 0) as learning_time,
    coalesce(pulse.sessions, 0) as sessions,
    coalesce(pulse.quizzes, 0) as quizzes,
    coalesce(pulse.quizzes_passed, 0) as quizzes_passed,
    coalesce(pulse.level, 0)::tinyint as level,
    calendar.activity_date <= calendar.last_complete_date as is_complete
from calendar
left join learning_pulse as pulse
    on
        calendar.user_key = pulse.user_key
        and calendar.user_id = pulse.user_id
        and calendar.activity_date = pulse.activity_date;
comment on view learning_pulse_calendar is 'Every one of the 365 days of every learner, zeros where nothing happened; what the endpoint answers.';
comment on column learning_pulse_calendar.user_id is 'The learner.';
comment on column learning_pulse_calendar.activity_date is 'The date, oldest first when ordered.';
comment on column learning_pulse_calendar.xp_earned is 'As in daily_activity, 0 on a date without activity.';
comment on column learning_pulse_calendar.learning_time is 'As in daily_activity, whole seconds.';
comment on column learning_pulse_calendar.sessions is 'As in daily_activity.';
comment on column learning_pulse_calendar.quizzes is 'As in daily_activity.';
comment on column learning_pulse_calendar.quizzes_passed is 'As in daily_activity.';
comment on column learning_pulse_calendar.level is '0 to 4.';
comment on column learning_pulse_calendar.is_complete is 'Whether the date is over for the learner; one that is not has the numbers so far (R12).';
