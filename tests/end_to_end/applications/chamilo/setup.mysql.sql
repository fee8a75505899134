-- Chamilo: exercises with a score and the most there was, and logins whose end may be missing
create table user (id int primary key, username varchar(100) not null, status int not null, active tinyint(1) not null);
create table track_e_exercises (
    exe_id int primary key, exe_user_id int not null, exe_date datetime not null, score double not null,
    max_score double not null, status varchar(20) not null
);
create table track_e_login (
    login_id int primary key, login_user_id int not null, login_date datetime not null, logout_date datetime
);
insert into user values (1, 'ana', 5, 1), (2, 'anon', 6, 1);
insert into track_e_exercises values
    (1, 1, '2026-11-05 12:10:00', 7, 10, ''), (2, 1, '2026-11-05 12:20:00', 4.9, 10, ''),
    (3, 1, '2026-11-05 12:30:00', 0, 10, 'incomplete');
insert into track_e_login values
    (1, 1, '2026-11-05 12:00:00', '2026-11-05 12:45:00'), (2, 1, '2026-11-06 08:00:00', null);
