-- Each learner's window, totals and cuts, for the learners of one bucket (R12, R13, R16, R17). `lowest` and `highest`
-- are the ends of the population that the cuts divide. `quantile_disc` is the nearest rank (R17).
-- reads: platform_cuts, version.daily_activity, version.users, zone_windows
-- takes: $first_key, $last_key, $level_metric, $min_active_days
-- makes: totals.* exclude (own_lowest, own_highest, quartiles, has_own_cuts), year, lowest, highest, cut_2, cut_3,
-- cut_4, cut_population
with windows as (
    select
        users.user_key,
        users.user_id,
        zone_windows.window_start,
        zone_windows.window_end,
        zone_windows.last_complete_date
    from version.users
    inner join zone_windows on users.timezone = zone_windows.zone
    where users.user_key between $first_key and $last_key
),

totals as (
    select
        windows.user_key,
        windows.user_id,
        windows.window_start,
        windows.window_end,
        windows.last_complete_date,
        coalesce(sum(xp_earned), 0)::bigint as total_xp_earned,
        coalesce(sum(learning_time), 0)::bigint as total_learning_time,
        coalesce(sum(sessions), 0)::bigint as total_sessions,
        coalesce(sum(quizzes), 0)::bigint as total_quizzes,
        coalesce(sum(quizzes_passed), 0)::bigint as total_quizzes_passed,
        count(activity_date)::integer as active_days,
        min(case $level_metric when 'xp_earned' then xp_earned else learning_time end) as own_lowest,
        max(case $level_metric when 'xp_earned' then xp_earned else learning_time end) as own_highest,
        quantile_disc(
            case $level_metric when 'xp_earned' then xp_earned else learning_time end, [0.25, 0.5, 0.75]
        ) as quartiles,
        active_days >= $min_active_days as has_own_cuts
    from windows
    left join version.daily_activity as day
        on
            windows.user_key = day.user_key
            and day.activity_date between windows.window_start and windows.window_end
    group by all
)

select
    totals.* exclude (own_lowest, own_highest, quartiles, has_own_cuts),
    year(window_end)::integer as year,
    if(has_own_cuts, own_lowest, platform_cuts.lowest) as lowest,
    if(has_own_cuts, own_highest, platform_cuts.highest) as highest,
    if(has_own_cuts, quartiles[1], platform_cuts.cut_2) as cut_2,
    if(has_own_cuts, quartiles[2], platform_cuts.cut_3) as cut_3,
    if(has_own_cuts, quartiles[3], platform_cuts.cut_4) as cut_4,
    if(has_own_cuts, 'own', 'platform') as cut_population
from totals
cross join platform_cuts
