-- spool -> the rows without an instant that can be read, as quarantine (R19). $kind is that of the stream.
-- reads: spool
-- takes: $kind
-- makes: event_id, reason, row
select
    case when not is_bad_text(event_id) then normal_id(given_id(event_id)) end::varchar as event_id,
    'missing_time' as reason,
    coalesce(
        source_row,
        row_json($kind, event_id, user_id, instant, ended_at, last_activity_at, amount, passed, measures, updated_at)
    ) as row
from spool
where instant is null
order by all
