-- The rows of everybody but erased learners.
select everybody.*
from everybody
anti join suppressed_learners on everybody.user_id::varchar = suppressed_learners.user_id
