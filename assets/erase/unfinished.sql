-- The ids of learners in the lake -> those on the list of erased learners, which `listed` has. `named` has the ids as
-- the lake spells them, which are normal ones (R26).
-- reads: listed, named
-- takes: $salt
-- makes: user_id
select distinct named.user_id
from named
semi join listed on sha256($salt || named.user_id) = listed.hash
order by named.user_id
