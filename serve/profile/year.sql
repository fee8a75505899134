-- A calendar year of a learner: totals, cuts, and active days with their levels (R30). The key is asked of both tables,
-- so that none is read whole.
-- reads: daily_activity, yearly_totals
-- takes: $last_date, $level_metric, $user_key, $year
-- makes: population, cuts, totals, days
select
    years.cut_population as population,
    [years.cut_2, years.cut_3, years.cut_4] as cuts,
    [years.total_learning_time, years.total_sessions, years.total_quizzes, years.total_quizzes_passed] as totals,
    (
        select
            list(
                [
                    (day.activity_date - make_date($year::integer, 1, 1))::bigint,
                    day.xp_earned, day.learning_time, day.sessions, day.quizzes, day.quizzes_passed,
                    level_of(
                        case $level_metric when 'xp_earned' then day.xp_earned else day.learning_time end,
                        years.lowest_score, years.highest_score, years.cut_2, years.cut_3, years.cut_4
                    )::bigint
                ]
            )
        from daily_activity as day
        where
            day.user_key = $user_key
            and day.activity_date between make_date($year::integer, 1, 1) and $last_date::date
    ) as days
from yearly_totals as years
where years.user_key = $user_key and years.year = $year
