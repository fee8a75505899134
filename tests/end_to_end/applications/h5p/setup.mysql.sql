-- H5P in WordPress: one row per learner and content, seconds since 1970, and 0 in time where that is not known
create table wp_users (ID bigint unsigned primary key, user_login varchar(60) not null);
create table wp_h5p_results (
    id int unsigned primary key, content_id int unsigned not null, user_id int unsigned not null,
    score int unsigned not null, max_score int unsigned not null, opened int unsigned not null,
    finished int unsigned not null, time int unsigned not null
);
insert into wp_users values (1, 'ana'), (2, 'bo');
insert into wp_h5p_results values
    (1, 5, 1, 9, 10, 1793880000, 1793880600, 600), (2, 6, 1, 4, 10, 1793880600, 1793880700, 0),
    (3, 5, 2, 10, 10, 1793847000, 1793847600, 600);
