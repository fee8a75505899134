-- landed -> one row per UTC day: what a landing of totals by day says of itself beside `statistics.sql`. Its hash
-- covers the measures, too.
-- reads: landed
-- makes: day, xp, seconds, sessions, quizzes, quizzes_passed, content_hash
select
    day,
    coalesce(sum(measures.xp) filter (reason is null), 0) as xp,
    coalesce(sum(measures.seconds) filter (reason is null), 0) as seconds,
    coalesce(sum(measures.sessions) filter (reason is null), 0) as sessions,
    coalesce(sum(measures.quizzes) filter (reason is null), 0) as quizzes,
    coalesce(sum(measures.quizzes_passed) filter (reason is null), 0) as quizzes_passed,
    rows_hash(row(event_id, user_id, instant, measures, updated_at, reason, row)) as content_hash
from landed
group by day
