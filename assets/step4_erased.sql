-- Learners of whom the lake has rows -> those of them who are on the list of erased learners. `named` has their ids as
-- they stand in the lake, which are normal ones (R26).
select distinct user_id
from named
where sha256($salt || user_id) in (select unnest($hashes))
order by user_id
