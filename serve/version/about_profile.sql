-- What a server needs to know, too, of a version with a profile: from which day on there is anything, and when a week
-- begins.
-- reads: version_info
-- makes: first_day, week_start
select first_day, week_start
from version_info
