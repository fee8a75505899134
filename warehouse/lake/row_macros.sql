-- Landed rows, macro by macro: why one does not count, and what is kept of it (R19, R20).
-- noqa: disable=LT02
-- (sqlfluff does not indent what a macro is made of)

-- A quarantined row as JSON by role, for rows that could be read but broke a rule.
create or replace temp macro row_json(
    kind, event_id, user_id, instant, ended_at, last_activity_at, amount, passed, measures, updated_at
) as
    case kind
        when 'xp' then to_json({
            'event_id': left(event_id::varchar, 1000), 'user_id': left(user_id::varchar, 1000),
            'occurred_at': instant::varchar, 'amount': amount::varchar, 'updated_at': updated_at::varchar
        })
        when 'quizzes' then to_json({
            'event_id': left(event_id::varchar, 1000), 'user_id': left(user_id::varchar, 1000),
            'occurred_at': instant::varchar, 'passed': passed::varchar, 'updated_at': updated_at::varchar
        })
        when 'daily' then to_json({
            'event_id': left(event_id::varchar, 1000), 'user_id': left(user_id::varchar, 1000),
            'on': instant::date::varchar, 'xp': measures.xp::varchar, 'seconds': measures.seconds::varchar,
            'sessions': measures.sessions::varchar, 'quizzes': measures.quizzes::varchar,
            'quizzes_passed': measures.quizzes_passed::varchar, 'updated_at': updated_at::varchar
        })
        when 'freezes' then to_json({
            'event_id': left(event_id::varchar, 1000), 'user_id': left(user_id::varchar, 1000),
            'covered_on': instant::date::varchar, 'updated_at': updated_at::varchar
        })
        else to_json({
            'event_id': left(event_id::varchar, 1000), 'user_id': left(user_id::varchar, 1000),
            'started_at': instant::varchar, 'ended_at': ended_at::varchar,
            'last_activity_at': last_activity_at::varchar, 'updated_at': updated_at::varchar
        })
    end::varchar;

-- The role whose instant, or date, gives a quarantined row its day, by the row's JSON.
create or replace temp macro role_of_day(source_row) as
    case
        when json_exists(source_row, '$.started_at') then 'started_at'
        when json_exists(source_row, '$.on') then 'on'
        when json_exists(source_row, '$.covered_on') then 'covered_on'
        else 'occurred_at'
    end;

-- The role whose value a quarantined row cannot be used for (R19), by the row's JSON; what is wrong with an id is not
-- said. Of totals by day the first that is none, is too large, or has more passed than taken.
create or replace temp macro unusable_role(source_row, reason, largest, most_seconds) as
    case
        when reason = 'bad_amount' and json_exists(source_row, '$.on')
            then list_filter(
                ['xp', 'seconds', 'sessions', 'quizzes', 'quizzes_passed'],
                lambda one: source_row ->> one is not null and not coalesce(
                    regexp_full_match(source_row ->> one, '[+-]?[0-9]+([.]0*)?')
                    and try_cast(source_row ->> one as hugeint)
                    between 0 and case one
                        when 'seconds' then most_seconds
                        when 'quizzes_passed' then try_cast(source_row ->> 'quizzes' as hugeint)
                        else largest
                    end,
                    false
                )
            )[1]
        when reason in ('bad_amount', 'bad_passed') then substr(reason, 5)
        when reason in ('unreadable_time', 'missing_time') then role_of_day(source_row)
        when reason in ('ended_before_started', 'longer_than_24h')
            then list_filter(
                ['ended_at', 'last_activity_at', 'duration'], lambda one: source_row ->> one is not null
            )[1]
        when reason = 'bad_time'
            then list_filter(
                ['duration', 'ended_at', 'last_activity_at', 'updated_at'],
                lambda one: source_row ->> one is not null and (
                    try_cast(source_row ->> one as timestamp) is null
                    or not regexp_matches(source_row ->> one, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:|$)')
                )
            )[1]
    end;

-- R19: whether the totals of a learner's day can be; seconds have a limit of their own.
create or replace temp macro are_totals(measures, largest, most_seconds) as
    coalesce(
        measures.xp between 0 and largest and measures.seconds between 0 and most_seconds and measures.sessions
        between 0 and largest and measures.quizzes between measures.quizzes_passed and largest
        and measures.quizzes_passed >= 0, false
    );

-- What rows of kinds without totals by day have in their place.
create or replace temp macro no_measures() as
    null::struct(xp bigint, seconds bigint, sessions bigint, quizzes bigint, quizzes_passed bigint);

-- R3: a learner is deleted by an instant up to a day after the snapshot (clocks differ), or by an unreadable value.
create or replace temp macro is_deleted(deleted_at, unreadable, taken_at) as
    coalesce(deleted_at <= taken_at::timestamp + interval 1 day, false)
    or list_contains(coalesce(unreadable, []), 'deleted_at');

-- R20: of the rows with one id the first counts, if it is not of a deleted event; what a landing keeps of the others.
create or replace temp macro reason_of_repeated(place, is_deleted) as
    case
        when place = 1 then if(is_deleted, 'deleted', null)
        when is_deleted then 'deleted_duplicate'
        else 'duplicate'
    end;

-- R19: whether a reason is one of the quarantine; rows that R20 leaves out have another, and those that count none.
create or replace temp macro is_quarantined(reason) as
    coalesce(reason not in ('duplicate', 'deleted', 'deleted_duplicate'), false);
