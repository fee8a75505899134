-- What the look-up file has to say of the learners of one range of keys, beside their active days.
-- reads: version.pulse_totals, version.users
-- takes: $first_key, $last_key
-- makes: user_key, user_id, timezone, cut_population, cut_2, cut_3, cut_4, window_end, total_learning_time,
-- total_sessions, total_quizzes, total_quizzes_passed, year
select
    totals.user_key,
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
    totals.year
from version.pulse_totals as totals
left join version.users on totals.user_id = users.user_id
where totals.user_key between $first_key and $last_key
order by totals.user_key
