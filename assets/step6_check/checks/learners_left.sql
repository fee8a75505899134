-- Of the learners who landed, or were published before, somebody is left (R21).
-- table: users
-- compares: select rows from deleted_learners
-- way out: look at the column that is mapped to deleted_at: null, infinity, zero and a date far ahead are not deleted
-- (R3), all else is; map another, or let it through with --accept-shrink
-- let through by: accept_shrink
-- reads: deleted_learners
--
-- What was let through is the version that is published now, without learners.
select example
from deleted_learners
where
    learners = deleted
    and (
        coalesce(learners_before > 0, false)
        or (rows > 0 and (learners_before is null or coalesce(deleted_before, 0) + unusable_before = 0))
    )
