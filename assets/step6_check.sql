-- Every check that blocks publishing, as one row each: how often it is violated, and one example. `version` is the
-- finished file, reopened; what it is compared with comes from the lake and from the version that is published now.
with no_day_missing as (
    select stream || ' ' || day as example
    from expected_days
    anti join version.landings as landing on expected_days.stream = landing.stream and expected_days.day = landing.day
),

unique_learner_dates as (
    select user_id || ' ' || activity_date as example
    from version.daily_activity
    group by user_id, activity_date
    having count(*) > 1
    union all
    select user_id || ' ' || activity_date
    from version.learning_pulse
    group by user_id, activity_date
    having count(*) > 1
    union all
    select user_id from version.pulse_totals group by user_id having count(*) > 1
    union all
    select user_id from version.users group by user_id having count(*) > 1
    union all
    select totals.user_id
    from version.pulse_totals as totals
    anti join version.users as learner on totals.user_key = learner.user_key and totals.user_id = learner.user_id
    union all
    select learner.user_id
    from version.users as learner
    anti join version.pulse_totals as totals
        on learner.user_key = totals.user_key and learner.user_id = totals.user_id
),

-- Every column but those that may be empty: the names, and the cuts while nobody has been active.
nothing_null as (
    select 'daily_activity ' || coalesce(user_id, '?') as example
    from version.daily_activity
    where
        user_key + xp_earned + learning_time + sessions + quizzes + quizzes_passed is null
        or user_id is null
        or activity_date is null
    union all
    select 'learning_pulse ' || coalesce(user_id, '?')
    from version.learning_pulse
    where
        user_key + xp_earned + learning_time + sessions + quizzes + quizzes_passed + level is null
        or user_id is null
        or activity_date is null
    union all
    select 'pulse_totals ' || coalesce(user_id, '?')
    from version.pulse_totals
    where
        user_key + year + active_days is null
        or total_xp_earned + total_learning_time + total_sessions + total_quizzes + total_quizzes_passed is null
        or user_id is null
        or window_start is null
        or window_end is null
        or cut_population is null
        or (active_days > 0 and cut_2 + cut_3 + cut_4 is null)
    union all
    select 'users ' || coalesce(user_id, '?')
    from version.users
    where user_key is null or user_id is null or timezone is null or is_public is null
),

-- A date is in the pulse, with a level from 1 to 4, exactly if it is an active day within its learner's window.
levels_on_active_days as (
    select
        coalesce(active.user_id, pulse.user_id) || ' ' || coalesce(active.activity_date, pulse.activity_date) as example
    from (
        select day.*
        from version.daily_activity as day
        inner join version.pulse_totals as totals
            on day.user_key = totals.user_key and day.activity_date between totals.window_start and totals.window_end
        where greatest(xp_earned, learning_time, sessions, quizzes, quizzes_passed) > 0
    ) as active
    full outer join version.learning_pulse as pulse
        on active.user_key = pulse.user_key and active.activity_date = pulse.activity_date
    where
        active.user_id is null
        or coalesce(pulse.level not between 1 and 4, true)
        or (active.xp_earned, active.learning_time, active.sessions, active.quizzes, active.quizzes_passed)
        is distinct from (pulse.xp_earned, pulse.learning_time, pulse.sessions, pulse.quizzes, pulse.quizzes_passed)
),

sums_of_days as (
    select
        user_id,
        sum(xp_earned) as xp_earned,
        sum(learning_time) as learning_time,
        sum(sessions) as sessions,
        sum(quizzes) as quizzes,
        sum(quizzes_passed) as quizzes_passed,
        count(*) as active_days
    from version.learning_pulse
    group by user_id
),

totals_equal_days as (
    select totals.user_id as example
    from version.pulse_totals as totals
    left join sums_of_days as days on totals.user_id = days.user_id
    where
        totals.total_xp_earned <> coalesce(days.xp_earned, 0)
        or totals.total_learning_time <> coalesce(days.learning_time, 0)
        or totals.total_sessions <> coalesce(days.sessions, 0)
        or totals.total_quizzes <> coalesce(days.quizzes, 0)
        or totals.total_quizzes_passed <> coalesce(days.quizzes_passed, 0)
        or totals.active_days <> coalesce(days.active_days, 0)
),

-- Landings = activity: what every landing said of itself against the rows of the day's activity.
activity_by_day as (
    select
        day,
        sum(xp_events) as xp_events,
        sum(xp) as xp,
        sum(sessions) as sessions,
        sum(quizzes) as quizzes,
        sum(quizzes_passed) as quizzes_passed,
        sum(session_microseconds) as microseconds
    from activity
    group by day
),

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
    select landed.day::varchar as example
    from landed_by_day as landed
    inner join unions on landed.day = unions.day
    left join activity_by_day as rolled on landed.day = rolled.day
    where
        landed.xp_events <> coalesce(rolled.xp_events, 0)
        or landed.xp <> coalesce(rolled.xp, 0)
        or landed.sessions <> coalesce(rolled.sessions, 0)
        or landed.quizzes <> coalesce(rolled.quizzes, 0)
        or landed.quizzes_passed <> coalesce(rolled.quizzes_passed, 0)
        or unions.microseconds <> coalesce(rolled.microseconds, 0)
),

-- Activity - unknown - deleted = what the build read, and of that nothing was lost but what R6 and R7 floor.
live_learners as (
    select user_id from landed_users where reason is null and not is_deleted
),

activity_of_learners as (
    select
        coalesce(sum(xp), 0) as xp,
        coalesce(sum(session_microseconds), 0) as microseconds,
        coalesce(sum(sessions), 0) as sessions,
        coalesce(sum(quizzes), 0) as quizzes,
        coalesce(sum(quizzes_passed), 0) as quizzes_passed,
        count(distinct row(activity.user_id, activity_date)) as learner_dates
    from activity
    semi join live_learners on activity.user_id = live_learners.user_id
),

published_sums as (
    select
        coalesce(sum(xp_earned), 0) as xp_earned,
        coalesce(sum(learning_time), 0) as learning_time,
        coalesce(sum(sessions), 0) as sessions,
        coalesce(sum(quizzes), 0) as quizzes,
        coalesce(sum(quizzes_passed), 0) as quizzes_passed
    from version.daily_activity
),

activity_equals_version as (
    select 'all learners' as example
    from activity_of_learners as rolled, published_sums as published, version.version_info as info
    where
        rolled.xp <> info.read_xp
        or rolled.microseconds <> info.read_microseconds
        or rolled.sessions <> published.sessions
        or rolled.quizzes <> published.quizzes
        or rolled.quizzes_passed <> published.quizzes_passed
        or published.xp_earned < rolled.xp
        or published.learning_time * 1000000 not between
        rolled.microseconds - rolled.learner_dates * 999999 and rolled.microseconds
),

-- The days landed since the published version, and what R21 and R22 allow in them.
fresh_landings as (
    select landing.*
    from version.landings as landing
    anti join published_landings as known
        on landing.stream = known.stream and landing.day = known.day and landing.extracted_at = known.extracted_at
),

fresh_quarantine as (
    select row.stream, count(*) as rows
    from (
        select stream, day, event_id, reason, row from version.quarantine where day is not null
        except all
        select stream, day, event_id, reason, row from accepted_quarantine
    ) as row
    semi join fresh_landings on row.stream = fresh_landings.stream and row.day = fresh_landings.day
    group by row.stream
),

fresh_source_rows as (
    select stream, sum(source_rows) as rows
    from fresh_landings
    group by stream
),

quarantine_within_budget as (
    select quarantined.stream || ': ' || quarantined.rows || ' of ' || landed.rows || ' rows' as example
    from fresh_quarantine as quarantined
    inner join fresh_source_rows as landed on quarantined.stream = landed.stream
    where
        not $accept_quarantine
        and quarantined.rows > $smallest_quarantine
        and quarantined.rows > $quarantine_budget * landed.rows
),

unknown_within_bounds as (
    select stream || ': ' || unknown_rows || ' of ' || rows || ' rows' as example
    from (
        select
            landed.stream,
            count(*) as rows,
            count(*) filter (learner.user_id is null) as unknown_rows
        from fresh_rows as landed
        left join landed_users as learner on landed.user_id = learner.user_id
        group by landed.stream
    ) as counted
    where unknown_rows > rows / 2
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
        restated.new <> coalesce(
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
)

select 'no_day_missing' as name, count(*) as violations, min(example) as example from no_day_missing
union all
select 'unique_learner_dates', count(*), min(example) from unique_learner_dates
union all
select 'nothing_null', count(*), min(example) from nothing_null
union all
select 'levels_on_active_days', count(*), min(example) from levels_on_active_days
union all
select 'totals_equal_days', count(*), min(example) from totals_equal_days
union all
select 'landings_equal_activity', count(*), min(example) from landings_equal_activity
union all
select 'activity_equals_version', count(*), min(example) from activity_equals_version
union all
select 'quarantine_within_budget', count(*), min(example) from quarantine_within_budget
union all
select 'unknown_within_bounds', count(*), min(example) from unknown_within_bounds
union all
select 'restatements_equal_days', count(*), min(example) from restatements_equal_days
