-- Whose a row is, in any file of ours. The learner is in `user_id` if file and row have it. Else the id is in the JSON
-- of a quarantined row, as the source spelled it and cut at 1,000 characters. If the cut leaves that open, the row is
-- taken for the learner's. If it was not, the next run that reads it has it again.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)
create or replace temp macro id_in_row(source_row) as
    case when json_valid(source_row) then normal_id(json_extract_string(source_row, '$.user_id')) end;

create or replace temp macro is_of_learner(user_id, source_row, wanted) as
    case
        when user_id is not null then user_id = wanted
        when not coalesce(json_valid(source_row), false) then false
        when length(wanted) > 1000
            then coalesce(json_extract_string(source_row, '$.user_id') = left(wanted, 1000), false)
        else coalesce(id_in_row(source_row) = wanted, false)
    end;
