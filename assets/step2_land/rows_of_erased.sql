-- How many rows of erased learners were read, by UTC day: they are in none of a landing's counts.
-- reads: everybody, suppressed_learners
-- makes: day, rows
select
    everybody.instant::date as day,
    count(*) as rows
from everybody
semi join suppressed_learners on everybody.user_id::varchar = suppressed_learners.user_id
where everybody.instant is not null
group by everybody.instant::date
