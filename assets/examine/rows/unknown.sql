-- A judged sample, all learners, and whose keys are -> how many rows pass, how many of them are of unknown learners
-- (R21), and how many of those have the id of a known learner, or a key of the lookup, but for case, accents or spaces
-- at the end (R26).
-- reads: known_keys, known_learners, landed
-- takes: $stream
-- makes: rows, unknown, alike
with keys as (
    select key, user_id from known_keys where stream = $stream
),

passing as (
    select coalesce(keys.user_id, landed.user_id) as user_id
    from landed
    left join keys on landed.user_id = keys.key
    where landed.reason is null
),

learners as (
    select distinct user_id from known_learners
),

alike_ids as (
    select alike_id(user_id) as alike from known_learners
    union
    select alike_id(key) from keys
)

select
    count(*) as rows,
    count(*) filter (where learner.user_id is null) as unknown,
    count(*) filter (where learner.user_id is null and alike_ids.alike is not null) as alike
from passing
left join learners as learner on passing.user_id = learner.user_id
left join alike_ids on alike_id(passing.user_id) = alike_ids.alike
