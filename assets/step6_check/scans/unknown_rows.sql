-- fresh_rows, landed_users -> of each stream, the rows landed since the published version, and how many are of unknown
-- learners (R21).
-- reads: fresh_rows, landed_users
-- makes: stream, rows, unknown_rows
select
    landed.stream,
    count(*) as rows,
    count(*) filter (learner.user_id is null) as unknown_rows
from fresh_rows as landed
left join landed_users as learner on landed.user_id = learner.user_id
group by landed.stream
