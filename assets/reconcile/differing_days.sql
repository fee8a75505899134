-- Activity as it is made from its landings now, and as its files have it -> the UTC days on which the rows differ.
-- reads: activity, written
-- makes: day
with made as (
    select day, count(*) as rows, rows_hash(activity) as content_hash
    from activity
    group by day
),

stored as (
    select day, count(*) as rows, rows_hash(written) as content_hash
    from written
    group by day
)

select coalesce(made.day, stored.day) as day
from made
full outer join stored on made.day = stored.day
where made.rows is distinct from stored.rows or made.content_hash is distinct from stored.content_hash
order by day
