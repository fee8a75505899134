-- The public views of a version, and what their models need in the file itself. Names are unqualified, so a view finds
-- its tables under whatever name somebody attaches the file.
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)

-- R17: the level of an active day with a score, among a population from `lowest` to `highest` with three cuts.
create macro level_of(score, lowest, highest, cut_2, cut_3, cut_4) as
    case
        when lowest = highest then 2
        when (cut_4 > lowest and score >= cut_4) or (cut_4 = lowest and score > lowest) then 4
        when cut_3 > lowest and score >= cut_3 then 3
        when cut_2 > lowest and score >= cut_2 then 2
        else 1
    end::tinyint;

-- R28: the first date of the week that a date is in.
create macro first_of_week(of_date, week_start) as
    of_date - (case week_start when 'sunday' then dayofweek(of_date) else isodow(of_date) - 1 end)::integer;

-- noqa: enable=LT02

create view learning_pulse_calendar as
with calendar as (
    select
        user_key,
        user_id,
        last_complete_date,
        unnest(generate_series(window_start::timestamp, window_end::timestamp, interval 1 day))::date as activity_date
    from pulse_totals
)

select
    calendar.user_id,
    calendar.activity_date,
    coalesce(pulse.xp_earned, 0) as xp_earned,
    coalesce(pulse.learning_time, 0) as learning_time,
    coalesce(pulse.sessions, 0) as sessions,
    coalesce(pulse.quizzes, 0) as quizzes,
    coalesce(pulse.quizzes_passed, 0) as quizzes_passed,
    coalesce(pulse.level, 0)::tinyint as level,
    calendar.activity_date <= calendar.last_complete_date as is_complete
from calendar
left join learning_pulse as pulse
    on
        calendar.user_key = pulse.user_key
        and calendar.user_id = pulse.user_id
        and calendar.activity_date = pulse.activity_date;
comment on view learning_pulse_calendar is 'Every one of the 365 days of every learner, zeros where nothing happened; what the endpoint answers.';
comment on column learning_pulse_calendar.user_id is 'The learner.';
comment on column learning_pulse_calendar.activity_date is 'The date, oldest first when ordered.';
comment on column learning_pulse_calendar.xp_earned is 'As in daily_activity, 0 on a date without activity.';
comment on column learning_pulse_calendar.learning_time is 'As in daily_activity, whole seconds.';
comment on column learning_pulse_calendar.sessions is 'As in daily_activity.';
comment on column learning_pulse_calendar.quizzes is 'As in daily_activity.';
comment on column learning_pulse_calendar.quizzes_passed is 'As in daily_activity.';
comment on column learning_pulse_calendar.level is '0 to 4.';
comment on column learning_pulse_calendar.is_complete is 'Whether the date is over for the learner; one that is not has the numbers so far (R12).';
