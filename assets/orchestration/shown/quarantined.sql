-- Rows of landings -> how many of each UTC day are in quarantine by reason, with one value that cannot be used. It is
-- never an id: what is wrong with one is not said (R19).
-- reads: landed
-- takes: $largest_amount, $most_seconds
-- makes: day, reason, rows, example
select
    instant::date as day,
    reason,
    count(*) as rows,
    min(left(row ->> unusable_role(row, reason, $largest_amount, $most_seconds), 40)) as example
from landed
where is_quarantined(reason)
group by day, reason
order by day asc, count(*) desc, reason asc
