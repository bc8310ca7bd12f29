-- A table and what the engine makes of it.
create table t (a int, b text);
insert into t values (1, 'x'), (2, null);
select * from t order by a;
