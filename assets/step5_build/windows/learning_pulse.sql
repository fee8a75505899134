-- The active days of each learner's window with their levels, for the learners of one bucket (R15 to R18).
-- reads: learner_windows, version.daily_activity
-- takes: $first_key, $last_key, $level_metric
-- makes: day.*, level
select
    day.*,
    version.level_of(
        case $level_metric when 'xp_earned' then day.xp_earned else day.learning_time end,
        windows.lowest, windows.highest, windows.cut_2, windows.cut_3, windows.cut_4
    ) as level
from version.daily_activity as day
inner join learner_windows as windows
    on
        day.user_key = windows.user_key
        and day.activity_date between windows.window_start and windows.window_end
where day.user_key between $first_key and $last_key
order by day.user_key, day.activity_date
