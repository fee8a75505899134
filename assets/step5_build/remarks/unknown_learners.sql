-- Rolled-up learners who are not among the users (R21) -> their rows of each kind, and whether the id is alike. An id
-- is alike if some sources take it for a known learner's: they ignore case, accents and spaces at the end.
-- reads: landed_users, rolled_learners, version.users
-- makes: user_id, xp_events, sessions, quizzes, event_rows, is_alike
with not_live as (
    select rolled.*
    from rolled_learners as rolled
    anti join version.users on rolled.user_key = users.user_key
),

unknown as (
    select not_live.*
    from not_live
    anti join landed_users as landed on not_live.user_id = landed.user_id and landed.reason is null
),

known as (
    select distinct alike_id(user_id) as alike
    from landed_users
    where reason is null
)

select
    unknown.user_id,
    unknown.xp_events,
    unknown.sessions,
    unknown.quizzes,
    unknown.event_rows,
    known.alike is not null as is_alike
from unknown
left join known on alike_id(unknown.user_id) = known.alike
