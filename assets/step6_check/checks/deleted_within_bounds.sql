-- At most half of the landed learners are deleted, or as many were in the version before (R21).
-- table: users
-- compares: select rows from deleted_learners
-- way out: look at the column that is mapped to deleted_at: null, infinity, zero and a date far ahead are not deleted
-- (R3), all else is; map another, or let it through with --accept-shrink
-- let through by: accept_shrink
-- reads: deleted_learners
--
-- A version of a time when the deleted were not counted tells nothing of them, and stops no upgrade.
select example
from deleted_learners
where
    learners > deleted
    and deleted * 2 > learners
    and case
        when learners_before is null then true
        when deleted_before is null then false
        else deleted_before * 2 < deleted_before + learners_before
    end
