-- Totals and cuts of each calendar year of each learner of one bucket, up to the window's end (R30). Closed years are
-- kept; counted are others, and all of new learners. `quantile_disc` is the nearest rank (R17).
-- reads: closed_years, cuts_of_years, version.daily_activity, version.pulse_totals
-- takes: $first_key, $last_key, $level_metric, $min_active_days, $open_year
-- makes: totals.* exclude (quartiles, lowest_score, highest_score), lowest_score, highest_score, cut_2, cut_3, cut_4,
-- cut_population
with known as (
    select distinct user_key
    from closed_years
),

learners as (
    select
        learner.user_key,
        learner.user_id,
        learner.window_end,
        if(known.user_key is null, '-infinity'::date, make_date($open_year, 1, 1)) as first_date
    from version.pulse_totals as learner
    left join known on learner.user_key = known.user_key
    where learner.user_key between $first_key and $last_key
),

scored as (
    select
        day.* exclude (user_id, activity_date),
        year(day.activity_date)::integer as year,
        case $level_metric when 'xp_earned' then xp_earned else learning_time end as score
    from version.daily_activity as day
    inner join learners
        on day.user_key = learners.user_key and day.activity_date between learners.first_date and learners.window_end
    where day.user_key between $first_key and $last_key
),

counted as (
    select
        user_key,
        year,
        sum(xp_earned)::bigint as total_xp_earned,
        sum(learning_time)::bigint as total_learning_time,
        sum(sessions)::bigint as total_sessions,
        sum(quizzes)::bigint as total_quizzes,
        sum(quizzes_passed)::bigint as total_quizzes_passed,
        count(*)::integer as active_days,
        min(score) as lowest_score,
        max(score) as highest_score,
        quantile_disc(score, [0.25, 0.5, 0.75]) as quartiles
    from scored
    group by user_key, year
),

totals as (
    select counted.*, learners.user_id
    from counted
    inner join learners on counted.user_key = learners.user_key
    union all by name
    select
        closed_years.* exclude (cut_2, cut_3, cut_4, cut_population),
        [cut_2, cut_3, cut_4] as quartiles
    from closed_years
    where user_key between $first_key and $last_key
)

select
    totals.* exclude (quartiles, lowest_score, highest_score),
    if(active_days >= $min_active_days, lowest_score, platform.lowest) as lowest_score,
    if(active_days >= $min_active_days, highest_score, platform.highest) as highest_score,
    if(active_days >= $min_active_days, quartiles[1], platform.cut_2) as cut_2,
    if(active_days >= $min_active_days, quartiles[2], platform.cut_3) as cut_3,
    if(active_days >= $min_active_days, quartiles[3], platform.cut_4) as cut_4,
    if(active_days >= $min_active_days, 'own', 'platform') as cut_population
from totals
inner join cuts_of_years as platform on totals.year = platform.year
order by totals.user_key, totals.year
