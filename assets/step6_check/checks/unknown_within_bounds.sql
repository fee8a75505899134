-- At most half of a stream's rows landed since the published version are of unknown learners (R21).
-- table: users
-- compares: select count(*) from fresh_rows
-- way out: the mapping of user_id does not fit the users stream: correct it and run again
with unknown_rows as (
    select
        landed.stream,
        count(*) as rows,
        count(*) filter (learner.user_id is null) as unknown_rows
    from fresh_rows as landed
    left join landed_users as learner on landed.user_id = learner.user_id
    group by landed.stream
)

select stream || ': ' || unknown_rows || ' of ' || rows || ' rows' as example
from unknown_rows
where unknown_rows > rows / 2
