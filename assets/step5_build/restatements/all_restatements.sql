-- known_restatements, new_restatements, users -> what the version says of restatements: old ones of learners whom it
-- has.
-- reads: known_restatements, new_restatements, version.users
-- makes: *
with every as (
    select user_key(known.user_id) as user_key, known.*
    from known_restatements as known
    semi join version.users on known.user_id = users.user_id
    union all by name
    select * from new_restatements
)

select *
from every
order by user_key, user_id, activity_date, version, measure
