-- What the version restates is what its days say, of learners whom it has, once.
-- table: restatements
-- compares: select count(*) from version.restatements
-- reads: version.daily_activity, version.restatements, version.users, version.version_info
select 'user_key ' || restated.user_key || ' on ' || restated.activity_date as example
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
select 'user_key ' || restated.user_key
from version.restatements as restated
anti join version.users as learner
    on restated.user_key = learner.user_key and restated.user_id = learner.user_id
union all
select 'user_key ' || min(user_key) || ' on ' || activity_date
from version.restatements
group by user_id, activity_date, measure, version
having count(*) > 1
