-- Rows of learners who are not among the users (R21), by kind of stream, and of every kind. `alike_rows` counts those
-- whose id is a known learner's but for spelling.
-- reads: unknown_learners
-- makes: kind, unknown_rows, alike_rows
with by_kind as (
    select
        is_alike,
        unnest(['xp', 'sessions', 'quizzes', 'every']) as kind,
        unnest([xp_events, sessions, quizzes, event_rows]) as unknown_rows
    from unknown_learners
),

kinds as (
    select unnest(['xp', 'sessions', 'quizzes', 'every']) as kind
)

select
    kinds.kind,
    coalesce(sum(by_kind.unknown_rows), 0)::bigint as unknown_rows,
    coalesce(sum(by_kind.unknown_rows) filter (where by_kind.is_alike), 0)::bigint as alike_rows
from kinds
left join by_kind on kinds.kind = by_kind.kind
group by kinds.kind
