-- The public table of what is of which stream (R31). It is there with `pulse.by_stream = true` alone.

create table activity_by_stream (
    user_key bigint not null,
    user_id varchar not null,
    activity_date date not null,
    stream varchar not null,
    xp bigint not null,
    learning_time bigint not null check (learning_time >= 0),
    sessions bigint not null check (sessions >= 0),
    quizzes bigint not null check (quizzes >= 0),
    quizzes_passed bigint not null check (quizzes_passed between 0 and quizzes)
);
comment on table activity_by_stream is 'One row per learner, local date and stream with anything on it, only with `pulse.by_stream = true` (R31). What its kind does not measure is 0.';
comment on column activity_by_stream.user_key is '63-bit hash of user_id; rows are ordered by it, the date and the stream.';
comment on column activity_by_stream.user_id is 'The learner.';
comment on column activity_by_stream.activity_date is 'The date, as in daily_activity.';
comment on column activity_by_stream.stream is 'The stream''s name in the configuration.';
comment on column activity_by_stream.xp is 'Sum of XP of the stream, signed; only the sum over all streams is never below 0 (R6).';
comment on column activity_by_stream.learning_time is 'Seconds with at least one session of this stream open. The sum over streams may exceed daily_activity.learning_time, because two devices at once count once there (R7).';
comment on column activity_by_stream.sessions is 'Sessions of the stream, as in daily_activity.';
comment on column activity_by_stream.quizzes is 'Quiz attempts of the stream, as in daily_activity.';
comment on column activity_by_stream.quizzes_passed is 'Of these, passed.';
