-- An alias over a join hides the alias of its USING.
create table l (k int, a text);
create table r (k int, b text);
insert into l values (1, 'one'), (2, 'two'), (3, null);
insert into r values (2, 'zwei'), (3, 'drei'), (4, 'vier');
select * from l join r using (k) as m where m.k > 2;
select * from (l join r using (k) as m) as j where j.k > 2;
select * from (l join r using (k) as m) as j where m.k > 2;
select m.k, j.a from (l full join r using (k) as m) as j order by 1;
