-- A whole row has the type of its relation, through sub-queries too; other rows are records.
create table place (id int primary key, name text);
insert into place values (1, 'here'), (2, null);
create view named as select name, id from place where name is not null;
select p from place p order by id;
select named from named;
select (select named) from named;
select s.p, (s.p).name from (select p from place p) s order by 1;
select row(p.id, p.name) from place p order by 1;
select s from (select id from place) s order by 1;
