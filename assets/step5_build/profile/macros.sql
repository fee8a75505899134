-- What the models of the profile are written with.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)

-- How many of a list of dates, which may be null, are before a date.
create or replace temp macro dates_before(dates, of_date) as
    coalesce(len(list_filter(dates, lambda listed: listed < of_date)), 0)::integer;
