-- Moodle 4/5: mod/quiz/db/install.xml, lib/db/install.xml (column names and types as there)
create table mdl_user (id bigint(10) primary key, deleted tinyint(1) not null default 0, username varchar(100) not null, timezone varchar(100) not null default '99');
create table mdl_quiz_attempts (id bigint(10) primary key, quiz bigint(10) not null, userid bigint(10) not null, preview smallint(3) not null default 0,
  state varchar(16) not null default 'inprogress', timestart bigint(10) not null default 0, timefinish bigint(10) not null default 0, sumgrades decimal(10,5) default null);
create table mdl_quiz (id bigint(10) primary key, sumgrades decimal(10,5) not null, grade decimal(10,5) not null);
create table mdl_grade_items (id bigint(10) primary key, itemmodule varchar(30), iteminstance bigint(10), gradepass decimal(10,5) not null default 0);
insert into mdl_user values (1,0,'ana','99'),(2,0,'bo','America/New_York'),(3,1,'gone','99');
insert into mdl_quiz values (7,10,100);
insert into mdl_grade_items values (1,'quiz',7,60);
insert into mdl_quiz_attempts values
 (1,7,1,0,'finished',  1793880000,1793880600,6.0),   -- 2026-11-05 12:10 UTC, 60/100: passed
 (2,7,1,0,'finished',  1793880700,1793881200,5.9),   -- 2026-11-05 12:20, 59/100: failed
 (3,7,1,0,'inprogress',1793890000,0,null),           -- 0 is not yet an attempt
 (4,7,1,1,'finished',  1793880000,1793880600,10),    -- a teacher's preview: must not count
 (5,7,2,0,'finished',  1793847000,1793847600,9.0),   -- 2026-11-05 03:00 UTC = 2026-11-04 22:00 in New York, passed
 (6,7,2,0,'abandoned', 1793847000,0,null),
 (7,7,3,0,'finished',  1793880000,1793880600,9.0);   -- of a deleted user
