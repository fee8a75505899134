-- A calendar year of a learner, a row for each active day: totals and cuts of the year, the day and its level (R30).
-- A learner without an active day in it has no row. The key is asked of both tables, so that none is read whole.
-- reads: daily_activity, yearly_totals
-- takes: $first_date, $last_date, $level_metric, $user_key, $year
-- makes: cut_population, cut_2, cut_3, cut_4, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed,
-- day, level, xp_earned, learning_time, sessions, quizzes, quizzes_passed
select
    years.cut_population,
    years.cut_2,
    years.cut_3,
    years.cut_4,
    years.total_learning_time,
    years.total_sessions,
    years.total_quizzes,
    years.total_quizzes_passed,
    (day.activity_date - date '1970-01-01') & 511 as day,
    level_of(
        case $level_metric when 'xp_earned' then day.xp_earned else day.learning_time end,
        years.lowest_score, years.highest_score, years.cut_2, years.cut_3, years.cut_4
    )::bigint as level,
    day.xp_earned,
    day.learning_time,
    day.sessions,
    day.quizzes,
    day.quizzes_passed
from yearly_totals as years
inner join daily_activity as day on years.user_key = day.user_key
where
    years.user_key = $user_key
    and years.year = $year
    and day.user_key = $user_key
    and day.activity_date between $first_date and $last_date
