-- Canvas: timestamps without a zone in UTC, states in workflow_state, zones by Rails' names
create table users (id bigint primary key, name varchar, time_zone varchar, workflow_state varchar not null);
create table assignments (id bigint primary key, points_possible double precision);
create table submissions (
    id bigint primary key, user_id bigint not null, assignment_id bigint not null, score double precision,
    submitted_at timestamp, graded_at timestamp, workflow_state varchar not null, attempt int
);
insert into users values (1, 'ana', 'Berlin', 'registered'), (2, 'bo', null, 'registered'), (3, 'gone', null, 'deleted');
insert into assignments values (10, 20), (11, 0);
insert into submissions values
    (1, 1, 10, 12, '2026-11-05 23:30:00', '2026-11-06 08:00:00', 'graded', 1),
    (2, 1, 11, 1, '2026-11-05 12:00:00', '2026-11-06 08:00:00', 'graded', 1),
    (3, 2, 10, 11.9, '2026-11-06 12:00:00', '2026-11-06 13:00:00', 'graded', 2),
    (4, 2, 10, null, null, null, 'unsubmitted', null),
    (5, 2, 10, null, '2026-11-06 12:10:00', null, 'submitted', 1),
    (6, 2, 10, 20, '2026-11-06 12:20:00', '2026-11-06 13:00:00', 'deleted', 1);
