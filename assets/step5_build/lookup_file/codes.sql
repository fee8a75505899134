-- An active day as one number of eight bytes, in the order of the table; `serve/version/packed.py` reads it. From the
-- lowest bit on: XP beyond 16 bits (4 bits), seconds beyond 16 (1), level - 1 (2), the date modulo 512 (9), seconds
-- (16), XP (16), quizzes passed (5), quizzes (5), sessions (5). A day that does not fit is in the head (`heads.sql`).
-- reads: version.learning_pulse
-- takes: $first_key, $last_key
-- makes: user_key, code
select
    user_key,
    (date_code(activity_date) << 7) | ((level - 1)::bigint << 5) | ((learning_time >> 16) << 4) | (xp_earned >> 16)
    | ((learning_time & 65535) << 16) | ((xp_earned & 65535) << 32)
    | (((sessions << 10) | (quizzes << 5) | quizzes_passed) << 48) as code
from version.learning_pulse
where user_key between $first_key and $last_key and fits_in_a_code(xp_earned, learning_time, sessions, quizzes)
