-- Totals and cuts of each calendar year of each learner of one bucket, up to the window's end (R30).
-- reads: cuts_of_years, learner_windows, version.daily_activity
-- takes: $first_key, $last_key, $level_metric, $min_active_days
-- makes: totals.* exclude (scores, has_own_cuts), lowest_score, highest_score, cut_2, cut_3, cut_4, cut_population
with totals as (
    select
        day.user_key,
        day.user_id,
        year(day.activity_date)::integer as year,
        sum(xp_earned)::bigint as total_xp_earned,
        sum(learning_time)::bigint as total_learning_time,
        sum(sessions)::bigint as total_sessions,
        sum(quizzes)::bigint as total_quizzes,
        sum(quizzes_passed)::bigint as total_quizzes_passed,
        count(*)::integer as active_days,
        list_sort(list(case $level_metric when 'xp_earned' then xp_earned else learning_time end)) as scores,
        count(*) >= $min_active_days as has_own_cuts
    from version.daily_activity as day
    inner join learner_windows as learner
        on day.user_key = learner.user_key and day.activity_date <= learner.window_end
    where day.user_key between $first_key and $last_key
    group by all
)

select
    totals.* exclude (scores, has_own_cuts),
    case when has_own_cuts then scores[1] else platform.lowest end as lowest_score,
    case when has_own_cuts then scores[active_days] else platform.highest end as highest_score,
    case when has_own_cuts then scores[nearest_rank(1, active_days)] else platform.cut_2 end as cut_2,
    case when has_own_cuts then scores[nearest_rank(2, active_days)] else platform.cut_3 end as cut_3,
    case when has_own_cuts then scores[nearest_rank(3, active_days)] else platform.cut_4 end as cut_4,
    case when has_own_cuts then 'own' else 'platform' end as cut_population
from totals
inner join cuts_of_years as platform on totals.year = platform.year
order by totals.user_key, totals.year
