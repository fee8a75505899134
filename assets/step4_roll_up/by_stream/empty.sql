-- No stream yet: what `added.sql` makes of each is added.
-- makes: day, user_key, user_id, activity_date, measures
select
    null::date as day,
    null::bigint as user_key,
    null::varchar as user_id,
    null::date as activity_date,
    null::struct(
        stream varchar, xp bigint, session_microseconds bigint, sessions bigint, quizzes bigint, quizzes_passed bigint
    ) as measures
where false
