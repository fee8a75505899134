-- landed -> one row per UTC day: what a landing says of itself. A day without rows has none.
-- reads: landed
-- makes: day, passing, quarantined, deleted, conflicts, foreign_duplicates, amount, passed, content_hash
select
    day,
    count(*) filter (reason is null) as passing,
    count(*) filter (is_quarantined(reason)) as quarantined,
    count(*) filter (reason = 'deleted') as deleted,
    count(*) filter (is_conflicting) as conflicts,
    count(*) filter (is_foreign) as foreign_duplicates,
    coalesce(sum(amount) filter (reason is null), 0) as amount,
    count(*) filter (reason is null and passed) as passed,
    rows_hash(
        row(event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row)
    ) as content_hash
from landed
group by day
