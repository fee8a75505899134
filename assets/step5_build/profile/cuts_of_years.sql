-- The cuts of all learners' active days of each calendar year, each up to their own window's end (R16, R17, R30).
-- reads: version.daily_activity, version.users, zone_windows
-- takes: $level_metric
-- makes: year, lowest, highest, cut_2, cut_3, cut_4
with scores as (
    select
        year(activity_date)::integer as year,
        case $level_metric when 'xp_earned' then xp_earned else learning_time end as score,
        count(*) as active_days
    from version.daily_activity
    inner join version.users on daily_activity.user_key = users.user_key
    inner join zone_windows on users.timezone = zone_windows.zone
    where daily_activity.activity_date <= zone_windows.window_end
    group by all
),

ranked as (
    select
        year,
        score,
        sum(active_days) over (partition by year order by score) as rank_up_to,
        sum(active_days) over (partition by year) as all_days
    from scores
)

select
    year,
    min(score) as lowest,
    max(score) as highest,
    min(score) filter (rank_up_to >= nearest_rank(1, all_days)) as cut_2,
    min(score) filter (rank_up_to >= nearest_rank(2, all_days)) as cut_3,
    min(score) filter (rank_up_to >= nearest_rank(3, all_days)) as cut_4
from ranked
group by year
