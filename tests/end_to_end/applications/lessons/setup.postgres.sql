-- primary key of two columns (as Moodle course completion, ILIAS ut_lp_marks, H5P contents_user_data have it)
create table learner (id int primary key);
create table lesson_done (learner_id int not null, lesson_id int not null, done_at timestamptz not null, xp int not null, primary key (learner_id, lesson_id));
insert into learner select generate_series(1,3);
insert into lesson_done select l, n, timestamptz '2026-11-05 12:00+00', 10 from generate_series(1,3) l, generate_series(1,3) n;
