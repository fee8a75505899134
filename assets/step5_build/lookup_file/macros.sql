-- What the look-up file is written with, and compared with afterwards.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)

-- A date modulo 512: no two dates of a window share it.
create or replace temp macro date_code(activity_date) as (activity_date - date '1970-01-01') & 511;

-- Whether an active day's numbers fit into the eight bytes of its code.
create or replace temp macro fits_in_a_code(xp_earned, learning_time, sessions, quizzes) as
    xp_earned < 1048576 and learning_time < 131072 and greatest(sessions, quizzes) < 32;

-- An instant as the API spells it.
create or replace temp macro utc_text(instant) as strftime(make_timestamp(epoch_us(instant)), '%Y-%m-%dT%H:%M:%SZ');
