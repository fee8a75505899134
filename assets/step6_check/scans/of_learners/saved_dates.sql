-- Landed dates that streak savers cover -> each once, of the learners of the version (R27).
-- reads: landed_freezes, version.users
-- makes: user_key, covered_on
select learner.user_key, landed.instant::date as covered_on
from landed_freezes as landed
inner join version.users as learner on landed.user_id = learner.user_id
where landed.reason is null
group by all
