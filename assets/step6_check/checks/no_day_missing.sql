-- Every event stream has landed on every day from first_day to the newest day (R25).
-- table: landings
-- compares: select count(*) from expected_days
-- way out: land the missing days with `pulse backfill`
-- reads: expected_days, version.landings
select stream || ' ' || day as example
from expected_days
anti join version.landings as landing on expected_days.stream = landing.stream and expected_days.day = landing.day
