-- landed_users, zones -> one row: learners, rows in quarantine, deleted learners, and zones that changed on $last_day.
-- reads: landed_users, zones
-- takes: $last_day
-- makes: learners, quarantined, deleted, moved
select
    count(user_id) as learners,
    count(reason) as quarantined,
    count(*) filter (reason is null and is_deleted) as deleted,
    (select count(*) from zones where from_day = $last_day) as moved
from landed_users
