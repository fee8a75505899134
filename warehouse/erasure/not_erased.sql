-- The rows of everybody but erased learners.
-- reads: everybody, suppressed_learners
-- makes: everybody.*
select everybody.*
from everybody
anti join suppressed_learners on everybody.user_id::varchar = suppressed_learners.user_id
