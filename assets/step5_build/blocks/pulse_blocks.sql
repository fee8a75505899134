-- Window, levels and totals of the learners of one bucket, packed for look-ups: some learners per row.
-- `serve/version/packed.py` reads it (docs/decisions/0008-learners-packed-for-lookups.md). A learner is a line: key,
-- tab, JSON array, tab, active days. A day is four characters of 15 bits above U+0800. The first has the date modulo
-- 512 (9 bits), level - 1 (2), and the bits of XP and seconds beyond 15 (2 each). Then come seconds, XP, and three
-- counts of 5 bits. A day that does not fit is written as numbers between two `~`.
-- reads: version.learning_pulse, version.pulse_totals, version.users
-- takes: $first_key, $key_shift, $last_key
-- makes: block, key_shift, packed
with days as (
    select
        user_key,
        activity_date,
        case
            when greatest(learning_time, xp_earned) < 131072 and greatest(sessions, quizzes) < 32
                then
                    concat(
                        chr((2048 + ((
                            ((activity_date - date '1970-01-01') & 511) << 6
                        ) | ((level - 1) << 4) | ((xp_earned >> 15) << 2) | (learning_time >> 15)))::integer),
                        chr((2048 + (learning_time & 32767))::integer),
                        chr((2048 + (xp_earned & 32767))::integer),
                        chr((2048 + ((sessions << 10) | (quizzes << 5) | quizzes_passed))::integer)
                    )
            else
                concat(
                    '~',
                    json_array(
                        (activity_date - date '1970-01-01') & 511, level,
                        xp_earned, learning_time, sessions, quizzes, quizzes_passed
                    ),
                    '~'
                )
        end as packed
    from version.learning_pulse
    where user_key between $first_key and $last_key
),

-- Threads share the rows, also those of one learner. With an order the same table is always packed the same.
days_by_learner as (
    select user_key, string_agg(packed, '' order by activity_date) as packed
    from days
    group by user_key
),

lines as (
    select
        totals.user_key,
        concat(
            totals.user_key, chr(9),
            json_array(
                totals.user_id, users.timezone, totals.cut_population, totals.cut_2, totals.cut_3, totals.cut_4,
                totals.window_end, totals.total_learning_time, totals.total_sessions, totals.total_quizzes,
                totals.total_quizzes_passed, totals.year
            ),
            chr(9), days_by_learner.packed
        ) as line
    from version.pulse_totals as totals
    inner join version.users on totals.user_key = users.user_key
    left join days_by_learner on totals.user_key = days_by_learner.user_key
    where totals.user_key between $first_key and $last_key and users.user_key between $first_key and $last_key
),

blocks as (
    select
        user_key >> $key_shift as block,
        concat(chr(10), string_agg(line, chr(10) order by user_key), chr(10)) as text
    from lines
    group by block
)

-- A value of more than 4096 bytes is stored by itself: a look-up reads that one and skips the rest.
select block, $key_shift::tinyint as key_shift, encode(text || repeat(' ', greatest(0, 4200 - strlen(text)))) as packed
from blocks
order by block
