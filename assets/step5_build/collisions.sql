-- rolled_learners, users -> one pair of ids that share a number, if there is one: then the build refuses (R26).
-- reads: rolled_learners, version.users
-- makes: one_id, other_id
select
    least(rolled.user_id, users.user_id) as one_id,
    greatest(rolled.other_id, users.user_id) as other_id
from rolled_learners as rolled
full outer join version.users on rolled.user_key = users.user_key
where rolled.user_id <> rolled.other_id or rolled.user_id <> users.user_id
union all
select min(user_id), max(user_id) from version.users group by user_key having count(*) > 1
limit 1
