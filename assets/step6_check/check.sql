-- Checks that block publishing, as one row each: how often it is violated, one example, and how many rows it compared.
-- `version` is the finished file, reopened; what it is compared with comes from the lake and from the version that is
-- published now. What is not there on one side differs: no comparison may be null.
with no_day_missing as (
    select stream || ' ' || day as example
    from expected_days
    anti join version.landings as landing on expected_days.stream = landing.stream and expected_days.day = landing.day
),

-- Days stand in the order of learner and date, which look-ups lean on; and what ascends is there once. The order of a
-- scan is the order of the file, and no row but the one before is held.
days_in_order as (
    select
        user_id,
        activity_date,
        user_key,
        lag(user_key) over () as key_before,
        lag(activity_date) over () as date_before
    from version.daily_activity
),

pulse_in_order as (
    select
        user_id,
        activity_date,
        user_key,
        lag(user_key) over () as key_before,
        lag(activity_date) over () as date_before
    from version.learning_pulse
),

unique_learner_dates as (
    select user_id || ' ' || activity_date as example
    from days_in_order
    where user_key < key_before or (user_key = key_before and activity_date <= date_before)
    union all
    select user_id || ' ' || activity_date
    from pulse_in_order
    where user_key < key_before or (user_key = key_before and activity_date <= date_before)
    union all
    select user_id from version.pulse_totals group by user_id having count(*) > 1
    union all
    select user_id from version.users group by user_id having count(*) > 1
    union all
    select min(user_id) from version.users group by user_key having count(*) > 1
    union all
    select totals.user_id
    from version.pulse_totals as totals
    anti join version.users as learner on totals.user_key = learner.user_key and totals.user_id = learner.user_id
    union all
    select learner.user_id
    from version.users as learner
    anti join version.pulse_totals as totals
        on learner.user_key = totals.user_key and learner.user_id = totals.user_id
    union all
    select 'user_key ' || user_key from activity_sums where foreign_rows > 0
    union all
    select 'user_key ' || user_key from pulse_sums where foreign_rows > 0
),

-- Every column but those that may be empty: the names, and the cuts while nobody has been active.
nothing_null as (
    select 'daily_activity ' || coalesce(user_key::varchar, '?') as example from activity_sums where null_rows > 0
    union all
    select 'learning_pulse ' || coalesce(user_key::varchar, '?') from pulse_sums where null_rows > 0
    union all
    select 'pulse_totals ' || coalesce(user_id, '?')
    from version.pulse_totals
    where
        user_key + year + active_days is null
        or total_xp_earned + total_learning_time + total_sessions + total_quizzes + total_quizzes_passed is null
        or user_id is null
        or window_start is null
        or window_end is null
        or last_complete_date is null
        or cut_population is null
        or (active_days > 0 and cut_2 + cut_3 + cut_4 is null)
    union all
    select 'users ' || coalesce(user_id, '?')
    from version.users
    where user_key is null or user_id is null or timezone is null or is_public is null
),

-- A date is in the pulse, with a level from 1 to 4, exactly if it is an active day within its learner's window: as many
-- of them, and the same sum of hashes over dates and measures, learner by learner.
levels_on_active_days as (
    select 'user_key ' || coalesce(days.user_key, pulse.user_key) as example
    from activity_sums as days
    full outer join pulse_sums as pulse on days.user_key = pulse.user_key
    where
        coalesce(pulse.bad_levels, 0) > 0
        or coalesce(days.active_days, 0) <> coalesce(pulse.active_days, 0)
        or coalesce(days.days_hash, 0) <> coalesce(pulse.days_hash, 0)
),

totals_equal_days as (
    select totals.user_id as example
    from version.pulse_totals as totals
    left join pulse_sums as days on totals.user_key = days.user_key
    where
        totals.total_xp_earned is distinct from coalesce(days.xp_earned, 0)
        or totals.total_learning_time is distinct from coalesce(days.learning_time, 0)
        or totals.total_sessions is distinct from coalesce(days.sessions, 0)
        or totals.total_quizzes is distinct from coalesce(days.quizzes, 0)
        or totals.total_quizzes_passed is distinct from coalesce(days.quizzes_passed, 0)
        or totals.active_days is distinct from coalesce(days.active_days, 0)
),

-- Landings = activity: what every landing said of itself against the rows of the day's activity.
landed_by_day as (
    select
        day,
        coalesce(sum(events) filter (kind = 'xp'), 0) as xp_events,
        coalesce(sum(amount) filter (kind = 'xp'), 0) as xp,
        coalesce(sum(events) filter (kind = 'sessions'), 0) as sessions,
        coalesce(sum(events) filter (kind = 'quizzes'), 0) as quizzes,
        coalesce(sum(passed) filter (kind = 'quizzes'), 0) as quizzes_passed
    from landed_sums
    group by day
),

landings_equal_activity as (
    select coalesce(landed.day, unions.day, rolled.day)::varchar as example
    from landed_by_day as landed
    full outer join unions on landed.day = unions.day
    full outer join rolled_by_day as rolled on coalesce(landed.day, unions.day) = rolled.day
    where
        landed.xp_events is distinct from coalesce(rolled.xp_events, 0)
        or landed.xp is distinct from coalesce(rolled.xp, 0)
        or landed.sessions is distinct from coalesce(rolled.sessions, 0)
        or landed.quizzes is distinct from coalesce(rolled.quizzes, 0)
        or landed.quizzes_passed is distinct from coalesce(rolled.quizzes_passed, 0)
        or unions.microseconds is distinct from coalesce(rolled.microseconds, 0)
),

-- Activity - unknown - deleted = what the build read, and of that nothing was lost but what R6 and R7 floor: no date
-- loses a whole second, and there are at most as many dates as rows.
activity_of_learners as (
    select
        coalesce(sum(live_xp), 0) as xp,
        coalesce(sum(live_microseconds), 0) as microseconds,
        coalesce(sum(live_sessions), 0) as sessions,
        coalesce(sum(live_quizzes), 0) as quizzes,
        coalesce(sum(live_quizzes_passed), 0) as quizzes_passed,
        coalesce(sum(live_rows), 0) as rows
    from rolled_by_day
),

published_sums as (
    select
        coalesce(sum(all_xp_earned), 0) as xp_earned,
        coalesce(sum(all_learning_time), 0) as learning_time,
        coalesce(sum(all_sessions), 0) as sessions,
        coalesce(sum(all_quizzes), 0) as quizzes,
        coalesce(sum(all_quizzes_passed), 0) as quizzes_passed
    from activity_sums
),

activity_equals_version as (
    select 'all learners' as example
    from activity_of_learners as rolled, published_sums as published
    left join version.version_info as info on true
    where
        rolled.xp is distinct from info.read_xp
        or rolled.microseconds is distinct from info.read_microseconds
        or rolled.sessions <> published.sessions
        or rolled.quizzes <> published.quizzes
        or rolled.quizzes_passed <> published.quizzes_passed
        or published.xp_earned < rolled.xp
        or published.learning_time * 1000000 not between
        rolled.microseconds - rolled.rows * 999999 and rolled.microseconds
),

-- Of the rows landed since the published version at most half are of unknown learners (R21).
unknown_rows as (
    select
        landed.stream,
        count(*) as rows,
        count(*) filter (learner.user_id is null) as unknown_rows
    from fresh_rows as landed
    left join landed_users as learner on landed.user_id = learner.user_id
    group by landed.stream
),

unknown_within_bounds as (
    select
        rows,
        unknown_rows > rows / 2 as is_mostly_unknown,
        stream || ': ' || unknown_rows || ' of ' || rows || ' rows' as example
    from unknown_rows
),

-- What this version itself restates is what its days say, of learners whom it has, and nothing is said twice.
restatements_equal_days as (
    select restated.user_id || ' ' || restated.activity_date as example
    from version.restatements as restated
    semi join version.version_info as info on restated.version = info.version
    left join version.daily_activity as day
        on
            restated.user_key = day.user_key
            and restated.user_id = day.user_id
            and restated.activity_date = day.activity_date
    where
        restated.new is distinct from coalesce(
            case restated.measure
                when 'xp_earned' then day.xp_earned
                when 'learning_time' then day.learning_time
                when 'sessions' then day.sessions
                when 'quizzes' then day.quizzes
                else day.quizzes_passed
            end,
            0
        )
    union all
    select restated.user_id
    from version.restatements as restated
    anti join version.users as learner
        on restated.user_key = learner.user_key and restated.user_id = learner.user_id
    union all
    select user_id || ' ' || activity_date
    from version.restatements
    group by user_id, activity_date, measure, version
    having count(*) > 1
),

sizes as (
    select
        (select count(*) from version.daily_activity) as days,
        (select count(*) from version.learning_pulse) as pulse,
        (select count(*) from version.pulse_totals) as totals,
        (select count(*) from version.users) as users
),

found as (
    select
        'no_day_missing' as name,
        count(*) as violations,
        min(example) as example,
        (select count(*) from expected_days) as rows
    from no_day_missing
    union all
    select
        'unique_learner_dates', count(*), min(example), (select days + pulse + totals + users from sizes)
    from unique_learner_dates
    union all
    select 'nothing_null', count(*), min(example), (select days + pulse + totals + users from sizes) from nothing_null
    union all
    select 'levels_on_active_days', count(*), min(example), (select days + pulse from sizes) from levels_on_active_days
    union all
    select 'totals_equal_days', count(*), min(example), (select totals from sizes) from totals_equal_days
    union all
    select 'landings_equal_activity', count(*), min(example), (select count(*) from landed_sums)
    from landings_equal_activity
    union all
    select 'activity_equals_version', count(*), min(example), (select rows from activity_of_learners)
    from activity_equals_version
    union all
    select
        'unknown_within_bounds',
        count(*) filter (is_mostly_unknown),
        min(example) filter (is_mostly_unknown),
        coalesce(sum(rows), 0)
    from unknown_within_bounds
    union all
    select 'restatements_equal_days', count(*), min(example), (select count(*) from version.restatements)
    from restatements_equal_days
)

select name, violations, example, rows || ' rows' as compared
from found
