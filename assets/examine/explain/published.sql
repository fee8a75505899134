-- What a version says of a date of a learner, with level and cuts of the window (R11, R15 to R17): one row.
-- reads: version.daily_activity, version.learning_pulse, version.pulse_totals, version.version_info
-- takes: $asked_date, $user_key
-- makes: newest_day, level_metric, measures, window_start, window_end, cuts, population, level
select
    info.newest_day,
    info.level_metric,
    (
        select [xp_earned, learning_time, sessions, quizzes, quizzes_passed]
        from version.daily_activity
        where user_key = $user_key and activity_date = $asked_date::date
    ) as measures,
    totals.window_start,
    totals.window_end,
    [totals.cut_2, totals.cut_3, totals.cut_4] as cuts,
    totals.cut_population as population,
    (
        select level::bigint
        from version.learning_pulse
        where user_key = $user_key and activity_date = $asked_date::date
    ) as level
from version.version_info as info
left join version.pulse_totals as totals on totals.user_key = $user_key
