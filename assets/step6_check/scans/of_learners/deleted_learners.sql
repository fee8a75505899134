-- landed_users, learners_before -> one row: how many landed, how many of them are deleted, and what was before
-- (R3, R21).
-- reads: landed_users, learners_before, limits
-- makes: landed.*, learners_before, deleted_before, unusable_before, example
select
    landed.*,
    before.learners as learners_before,
    before.deleted as deleted_before,
    before.unusable as unusable_before,
    landed.deleted || ' of ' || landed.learners || ' landed learners are deleted'
    || coalesce(', most often by deleted_at = "' || limits.commonest_deleted_at || '"', '') as example
from (
    select
        count(*) as rows,
        count(*) filter (reason is null) as learners,
        count(*) filter (reason is null and is_deleted) as deleted
    from landed_users
) as landed
cross join limits
left join learners_before as before on true
