-- Activity - unknown - deleted = what the build read.
-- table: daily_activity
-- compares: select coalesce(sum(live_rows), 0) from rolled_by_day
-- reads: activity_sums, live_learners, rolled_by_day, version.users, version.version_info
--
-- Of that nothing was lost but what R6 and R7 floor: no date loses a whole second, and there are at most as many dates
-- as rows. And the learners who are shown are those of the lake.
with activity_of_learners as (
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
)

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
union all
select 'user_key ' || coalesce(live.user_key, learner.user_key)
from live_learners as live
full outer join version.users as learner on live.user_key = learner.user_key
where live.user_key is null or learner.user_key is null
