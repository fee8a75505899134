-- Discourse: users, user_options.timezone, user_visits (DATE + seconds read), plugin gamification_scores (DATE)
create table users (id int primary key, username varchar(60) not null);
create table user_options (user_id int primary key, timezone varchar);
create table user_visits (id bigserial primary key, user_id int not null, visited_at date not null, posts_read int default 0, mobile boolean default false, time_read int not null default 0);
create unique index on user_visits(user_id,visited_at);
create table gamification_scores (id bigserial primary key, user_id int not null, date date not null, score int not null);
insert into users values (-1,'system'),(1,'ana'),(2,'bo');
insert into user_options values (1,'America/New_York'),(2,'Asia/Kolkata');
insert into user_visits(user_id,visited_at,time_read) values (1,'2026-11-05',3600),(1,'2026-11-06',60),(2,'2026-11-05',900),(-1,'2026-11-05',9);
insert into gamification_scores(user_id,date,score) values (1,'2026-11-05',12),(2,'2026-11-05',3);
