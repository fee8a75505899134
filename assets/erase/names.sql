-- Whose a row is, in any file of ours. The learner is in `user_id` if file and row have it. Else the id is in the JSON
-- of a quarantined row, as the source spelled it and cut at 1,000 characters. If the cut leaves that open, the row is
-- taken for the learner's. If it was not, the next run that reads it has it again. `wanted` is the learner's id, and
-- the keys that lookups say to be the learner's.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)
create or replace temp macro id_in_row(source_row) as
    case when json_valid(source_row) then normal_id(json_extract_string(source_row, '$.user_id')) end;

create or replace temp macro cut_ids(wanted) as
    list_transform(list_filter(wanted, lambda id: length(id) > 1000), lambda id: left(id, 1000));

create or replace temp macro is_of_learner(user_id, source_row, wanted) as
    case
        when user_id is not null then list_contains(wanted, user_id)
        when not coalesce(json_valid(source_row), false) then false
        else
            coalesce(list_contains(wanted, id_in_row(source_row)), false)
            or coalesce(list_contains(cut_ids(wanted), json_extract_string(source_row, '$.user_id')), false)
    end;
