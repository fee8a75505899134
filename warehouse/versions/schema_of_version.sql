-- The public tables of a version, continued: what it says of itself and of its sources.

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
    source_rows bigint not null check (source_rows = rows + quarantined + duplicates + deleted),
    rows bigint not null check (rows >= 0),
    quarantined bigint not null check (quarantined >= 0),
    duplicates bigint not null check (duplicates >= 0),
    deleted bigint not null check (deleted >= 0),
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
comment on column landings.deleted is 'Rows of events that are deleted in the source (R20).';
comment on column landings.conflicts is 'Ids that came with differing content (R20).';
comment on column landings.extracted_at is 'When the snapshot was taken.';
comment on column landings.proven_at is 'When the landing was last found equal to its source: by a night or a reconciliation before this version, else by its own extraction.';

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
    zone_data_version varchar not null,
    week_start varchar not null check (week_start in ('sunday', 'monday'))
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
comment on column version_info.week_start is 'The day with which a week begins (R28), as `serve.week_start` was that night.';
