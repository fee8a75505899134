-- At most half of a stream's rows landed since the published version are of unknown learners (R21).
-- table: users
-- compares: select coalesce(sum(rows), 0) from unknown_rows
-- way out: the mapping of user_id does not fit the users stream: correct it and run again
-- reads: unknown_rows
select stream || ': ' || unknown_rows || ' of ' || rows || ' rows' as example
from unknown_rows
where unknown_rows > rows / 2
