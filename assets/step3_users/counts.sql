-- landed_users, zones -> one row: learners, rows in quarantine, deleted learners, and zones that changed on $last_day.
select
    count(user_id),
    count(reason),
    count(*) filter (reason is null and is_deleted),
    (select count(*) from zones where from_day = $last_day)
from landed_users
