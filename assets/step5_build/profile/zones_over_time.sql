-- The zones of the learners of a version, one after the other (R3, R4).
-- reads: version.users, zones_in_force
-- makes: user_key, user_id, timezone, from_day
select users.user_key, users.user_id, zones_in_force.zone as timezone, zones_in_force.from_day
from version.users
inner join zones_in_force on users.user_id = zones_in_force.user_id
order by users.user_key, zones_in_force.from_day
