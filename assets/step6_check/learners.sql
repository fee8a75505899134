-- The guards of deleted learners (R3, R21): somebody is left of those who landed or were published, and at most half
-- are deleted. One row each: how often it is violated, one example, and what was compared. What was let through is the
-- version that is published now: without learners, or with as many deleted.
with landed as (
    select
        count(*) as rows,
        count(*) filter (reason is null) as learners,
        count(*) filter (reason is null and is_deleted) as deleted
    from landed_users
),

compared as (
    select
        landed.*,
        before.learners as learners_before,
        before.deleted as deleted_before,
        before.unusable as unusable_before,
        landed.deleted || ' of ' || landed.learners || ' landed learners are deleted'
        || coalesce(', most often by deleted_at = "' || $commonest_deleted_at || '"', '') as example
    from landed
    left join learners_before as before on true
),

judged as (
    select
        *,
        learners = deleted
        and (
            coalesce(learners_before > 0, false)
            or (rows > 0 and (learners_before is null or coalesce(deleted_before, 0) + unusable_before = 0))
        ) as is_nobody_left,
        -- A version of a time when the deleted were not counted tells nothing of them, and stops no upgrade.
        learners > deleted
        and deleted * 2 > learners
        and case
            when learners_before is null then true
            when deleted_before is null then false
            else deleted_before * 2 < deleted_before + learners_before
        end as is_mostly_deleted,
        if($accept_shrink, 'let through', rows || ' rows') as what
    from compared
)

select
    'learners_left' as name,
    (is_nobody_left and not $accept_shrink)::integer as violations,
    example,
    what as compared
from judged
union all
select 'deleted_within_bounds', (is_mostly_deleted and not $accept_shrink)::integer, example, what
from judged
