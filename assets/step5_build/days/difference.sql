-- `daily_activity` of a range of keys as it stands in the version, and as it was made from nothing -> the first value
-- that differs, if one does: its date and its column. A row that only one of both has differs in its date.
-- reads: days_from_nothing, version.daily_activity
-- takes: $first_key, $last_key
-- makes: activity_date, name
with in_version as (
    select *
    from version.daily_activity
    where user_key between $first_key and $last_key
),

compared as (
    select
        coalesce(made.activity_date, kept.activity_date) as activity_date,
        unnest([
            if(made.user_key is null or kept.user_key is null, 'activity_date', null),
            if(made.user_id <> kept.user_id, 'user_id', null),
            if(made.xp_earned <> kept.xp_earned, 'xp_earned', null),
            if(made.learning_time <> kept.learning_time, 'learning_time', null),
            if(made.sessions <> kept.sessions, 'sessions', null),
            if(made.quizzes <> kept.quizzes, 'quizzes', null),
            if(made.quizzes_passed <> kept.quizzes_passed, 'quizzes_passed', null)
        ]) as name
    from days_from_nothing as made
    full outer join in_version as kept
        on made.user_key = kept.user_key and made.activity_date = kept.activity_date
)

select activity_date, name
from compared
where name is not null
order by activity_date, name
limit 1
