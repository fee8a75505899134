-- The ids of rows that are those of erased learners, as the rows spell them.
-- reads: everybody, listed
-- takes: $salt
-- makes: user_id
select ids.user_id
from (select distinct user_id::varchar as user_id from everybody) as ids
semi join listed on sha256($salt || normal_id(ids.user_id)) = listed.hash
