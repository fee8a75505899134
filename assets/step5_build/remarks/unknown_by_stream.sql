-- The same of one stream, counted in its landings: the roll-up knows rows by kind only.
-- reads: landed, unknown_learners
-- makes: unknown_rows, alike_rows
select
    count(*) as unknown_rows,
    count(*) filter (where learner.is_alike) as alike_rows
from landed
inner join unknown_learners as learner on landed.user_id = learner.user_id
where landed.reason is null
