-- Open edX: auth_user, its profile, and one row per learner and problem, whose grade is the last one
create table auth_user (id int primary key, username varchar(150) not null, is_active tinyint(1) not null);
create table courseware_studentmodule (
    id bigint primary key, module_type varchar(32) not null, module_id varchar(255) not null, student_id int not null,
    course_id varchar(255) not null, grade double, max_grade double, created datetime(6) not null,
    modified datetime(6) not null
);
insert into auth_user values (1, 'ana', 1), (2, 'bo', 1), (3, 'gone', 0);
insert into courseware_studentmodule values
    (1, 'problem', 'block-v1:x+1', 1, 'course-v1:x', 1, 1, '2026-11-05 12:00:00', '2026-11-05 12:10:00'),
    (2, 'problem', 'block-v1:x+2', 1, 'course-v1:x', 0.5, 2, '2026-11-05 12:00:00', '2026-11-05 12:20:00'),
    (3, 'problem', 'block-v1:x+3', 1, 'course-v1:x', null, null, '2026-11-05 12:00:00', '2026-11-05 12:30:00'),
    (4, 'sequential', 'block-v1:x+s', 1, 'course-v1:x', null, null, '2026-11-05 12:00:00', '2026-11-05 12:30:00'),
    (5, 'problem', 'block-v1:x+1', 2, 'course-v1:x', 0, 0, '2026-11-06 12:00:00', '2026-11-06 12:30:00'),
    (6, 'problem', 'block-v1:x+2', 2, 'course-v1:x', 1, 2, '2026-11-06 12:00:00', '2026-11-06 12:40:00');
