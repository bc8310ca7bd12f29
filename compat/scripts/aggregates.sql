-- FILTER decides before an argument is computed.
create table sales (shop text, day date, amount numeric, parts int);
insert into sales values ('a', '2024-01-01', 10, 0), ('a', '2024-01-02', 20, 5), ('b', '2024-01-01', 7.5, 2), ('b', null, null, null);
select sum(100 / parts) filter (where parts > 0) from sales;
select shop, array_agg(100 / parts order by 1 / parts) filter (where parts <> 0) from sales group by shop order by shop;
select shop, amount, sum(10 / parts) filter (where parts <> 0) over (partition by shop order by day) from sales order by shop, day;
-- An ORDER BY in a DISTINCT aggregate is known by what was written, whatever its type becomes.
create table codes (short varchar(3), fixed char(3));
insert into codes values ('b', 'b'), ('a', 'a'), ('b', 'b '), (null, null);
select string_agg(distinct short, '-' order by short desc) from codes;
select string_agg(distinct short::text, '-' order by short::text) from codes;
select string_agg(distinct short, '-' order by short::text) from codes;
select string_agg(distinct short::text, '-' order by short) from codes;
select array_agg(distinct short order by short desc nulls last), count(distinct fixed) from codes;
-- The literals of a hypothetical row take the types of the columns.
select rank('no number') within group (order by parts) from sales;
-- Direct arguments do not decide the level of an ordered-set aggregate.
select (select percentile_disc(f) within group (order by s.parts) from (values (0.5)) v(f) group by f) from sales s;
-- Sums beyond what a numeric can hold cancel out.
create table huge (v numeric);
insert into huge select 9e131071 + i from generate_series(1, 4) i;
select variance(v), stddev_pop(v), var_samp(v) from huge;
create table tiny (v numeric);
insert into tiny values (0), (2e-9000), (-2e-9000), (1e-9000);
select trim_scale(var_pop(v) * 1e16000) = 0, stddev(v) = 0 from tiny;
select variance(v), stddev(v) from (values ('NaN'::numeric), (1)) t(v);
select variance(v), stddev_pop(v) from (values ('Infinity'::numeric), (1)) t(v);
select var_pop(v), stddev_pop(v) from (values (1.5), (2.25), (-0.125)) t(v);
select i / 1e131071 from generate_series(7e131071, 9e131071, 1e131071) g(i);
