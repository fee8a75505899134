-- A learner in one statement, from the version's tables: what the look-up file says, with all active days spelled out,
-- a row for each; a learner without any has one row, without a day. The key is asked of every table, so that none is
-- read whole. Joins and not subqueries, because those take twice as long to plan.
-- reads: learning_pulse, pulse_totals, users
-- takes: $user_key
-- makes: user_id, timezone, cut_population, cut_2, cut_3, cut_4, window_end, total_learning_time, total_sessions,
-- total_quizzes, total_quizzes_passed, year, day, level, xp_earned, learning_time, sessions, quizzes, quizzes_passed
select
    totals.user_id,
    users.timezone,
    totals.cut_population,
    totals.cut_2,
    totals.cut_3,
    totals.cut_4,
    totals.window_end::varchar as window_end,
    totals.total_learning_time,
    totals.total_sessions,
    totals.total_quizzes,
    totals.total_quizzes_passed,
    totals.year,
    (pulse.activity_date - date '1970-01-01') & 511 as day,
    pulse.level,
    pulse.xp_earned,
    pulse.learning_time,
    pulse.sessions,
    pulse.quizzes,
    pulse.quizzes_passed
from pulse_totals as totals
inner join users on totals.user_key = users.user_key
left join learning_pulse as pulse on pulse.user_key = $user_key
where totals.user_key = $user_key and users.user_key = $user_key
