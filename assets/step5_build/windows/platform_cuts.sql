-- The cuts of all learners' active days, each in their own window (R16, R17): one row, from a histogram of scores.
-- reads: version.daily_activity, version.users, zone_windows
-- takes: $level_metric
-- makes: lowest, highest, cut_2, cut_3, cut_4
with scores as (
    select
        case $level_metric when 'xp_earned' then xp_earned else learning_time end as score,
        count(*) as active_days
    from version.daily_activity
    inner join version.users on daily_activity.user_key = users.user_key
    inner join zone_windows on users.timezone = zone_windows.zone
    where daily_activity.activity_date between zone_windows.window_start and zone_windows.window_end
    group by score
),

ranked as (
    select
        score,
        sum(active_days) over (order by score) as rank_up_to,
        sum(active_days) over () as all_days
    from scores
)

select
    min(score) as lowest,
    max(score) as highest,
    min(score) filter (rank_up_to >= nearest_rank(1, all_days)) as cut_2,
    min(score) filter (rank_up_to >= nearest_rank(2, all_days)) as cut_3,
    min(score) filter (rank_up_to >= nearest_rank(3, all_days)) as cut_4
from ranked
