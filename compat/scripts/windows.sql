-- RANGE with infinities: minus infinity plus infinity has every row in range.
create table readings (id int, f float8, s float4, n numeric);
insert into readings values (1, '-inf', '-inf', '-inf'), (2, -5, -5, -5), (3, 0, 0, 0), (4, 2.5, 2.5, 2.5), (5, 'inf', 'inf', 'inf'), (6, 'nan', 'nan', 'nan'), (7, null, null, null);
select id, array_agg(id) over (order by f range between 'inf' preceding and 'inf' following) from readings order by id;
select id, array_agg(id) over (order by f range between 'inf' preceding and 'inf' preceding) from readings order by id;
select id, array_agg(id) over (order by f range between 'inf' following and 'inf' following) from readings order by id;
select id, array_agg(id) over (order by f desc range between 'inf' preceding and 1 following) from readings order by id;
select id, array_agg(id) over (order by f desc range between 3 preceding and 'inf' following) from readings order by id;
select id, count(*) over (order by s range between 'inf' preceding and 2.5 following) from readings order by id;
select id, array_agg(id) over (order by n range between 'inf' preceding and 'inf' following) from readings order by id;
select id, array_agg(id) over (order by n desc range between 'inf' following and 'inf' following) from readings order by id;
select id, array_agg(id) over (order by n range between 2.5 preceding and 'inf' preceding) from readings order by id;
select id, count(*) over (order by n range between 1 preceding and 'nan' following) from readings;
select id, count(*) over (order by f range between 'nan' preceding and 1 following) from readings;
select id, count(*) over (order by n range between -1 preceding and 1 following) from readings;
