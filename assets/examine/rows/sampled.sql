-- A judged sample, and rows without an instant -> every row that would not count, with its reason. Rows whose instant
-- says nothing are attempts in progress (R22). A duplicate of another learner's is one more reason.
-- reads: landed, undated
-- makes: event_id, user_id, reason, row
select
    event_id,
    user_id,
    if(ends_with(reason, 'duplicate'), 'foreign_duplicate', reason) as reason,
    row
from landed
where is_quarantined(reason) or (ends_with(reason, 'duplicate') and is_foreign)
union all
select
    event_id,
    null as user_id,
    if(
        regexp_full_match(trim(coalesce(row ->> role_of_day(row), '')), '0?|0000-00-00([ T].*)?'),
        'missing_time', 'unreadable_time'
    ) as reason,
    row
from undated
