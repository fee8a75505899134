-- One fact, one macro: what more than one model needs. Created on every connection that writes.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)

-- The 63-bit key by which every large table is ordered and split into buckets.
create or replace temp macro user_key(user_id) as (md5_number_lower(user_id) >> 1)::bigint;

-- R8: a session runs to its end, else to its last activity, else it has no length.
create or replace temp macro session_end(started_at, ended_at, last_activity_at) as
    coalesce(ended_at, last_activity_at, started_at);

-- R17: the 1-based position of the nearest rank for p = quarter / 4 among n scores, ceil(p * n), in integers.
create or replace temp macro nearest_rank(quarter, n) as (quarter * n + 3) // 4;

-- An order-independent hash of rows: the same for every order, and another if a row occurs twice.
create or replace temp macro rows_hash(one_row) as coalesce(sum(hash(one_row)), 0)::hugeint;

-- R11: an active day is one on which any of the five measures is above 0.
create or replace temp macro is_active(xp_earned, learning_time, sessions, quizzes, quizzes_passed) as
    greatest(xp_earned, learning_time, sessions, quizzes, quizzes_passed) > 0;

-- What follows depends on the type of an id, which sqlfluff cannot read.
-- noqa: disable=LT01,PRS

-- Ids are text. Those that a source has as UUIDs stay 16 bytes until they land as text.
-- An id as it came, null where there is none.
create or replace temp macro given_id
(id uuid) as id,
(id varchar) as nullif(id, '');

-- R26: an id of UUID form is lower-cased everywhere, any other stays byte for byte.
create or replace temp macro normal_id
(id uuid) as id,
(id varchar) as
    case
        when id = lower(id) then id  -- nearly every id, and found much faster than by the form
        when regexp_full_match(id, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') then lower(id)
        else id
    end;

-- An id as sources spell it that take `Alice`, `alice`, `alicé` and `alice ` for one (citext, general_ci, nocase).
create or replace temp macro alike_id(id) as rtrim(lower(strip_accents(id)));

-- R19: what an id must not be. NULL and '' are missing, which is another reason.
create or replace temp macro is_bad_text
(id uuid) as false,
(id varchar) as strlen(id) > 1024 or contains(id, chr(0));
