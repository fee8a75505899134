-- Histories of the learners of one bucket -> their XP and its level (R29).
-- reads: as_of_night, histories
-- takes: $level_step, $level_thresholds
-- makes: user_key, user_id, total_xp, level, level_starts_at, next_level_at, booster_multiplier, booster_ends_at
with placed as (
    select
        user_key,
        user_id,
        total_xp,
        $level_thresholds::bigint[] as thresholds,
        len(list_filter(thresholds, lambda threshold: threshold <= total_xp)) as reached,
        case when reached = len(thresholds) then (total_xp - thresholds[-1]) // $level_step end as steps
    from histories
)

select
    placed.user_key,
    placed.user_id,
    total_xp,
    reached + coalesce(steps, 0) as level,
    (thresholds[reached] + coalesce(steps * $level_step, 0))::bigint as level_starts_at,
    coalesce(thresholds[reached + 1], thresholds[-1] + (steps + 1) * $level_step)::bigint as next_level_at,
    as_of_night.booster_multiplier,
    as_of_night.booster_ends_at::timestamptz as booster_ends_at
from placed
left join as_of_night on placed.user_key = as_of_night.user_key
order by placed.user_key
