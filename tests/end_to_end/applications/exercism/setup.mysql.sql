-- Exercism's website, db/schema: users, and what they earn; an adjustment takes XP away again
create table users (id bigint primary key, handle varchar(190) not null, disabled_at datetime(6));
create table user_reputation_tokens (
    id bigint primary key, uuid varchar(255) not null, type varchar(255) not null, user_id bigint not null,
    value int not null, earned_on date not null, created_at datetime(6) not null
);
insert into users values (1, 'ana', null), (2, 'bo', null), (3, 'gone', '2026-10-01 00:00:00');
insert into user_reputation_tokens values
    (1, 'a', 'User::ReputationTokens::PublishedSolutionToken', 1, 12, '2026-11-05', '2026-11-05 12:10:00.123456'),
    (2, 'b', 'User::ReputationTokens::ArbitraryToken', 1, -5, '2026-11-05', '2026-11-05 13:00:00'),
    (3, 'c', 'User::ReputationTokens::CodeReviewToken', 2, 5, '2026-11-06', '2026-11-06 23:59:59.999999'),
    (4, 'd', 'User::ReputationTokens::CodeReviewToken', 3, 5, '2026-11-06', '2026-11-06 10:00:00');
