//! Sets of rows: generate_series over numbers, unnest, options, generate_subscripts, string_to_table. Rows are made as they are asked for.

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::macros::wrong;
use crate::kernels::core::numeric::{compare, from_int, math};
use crate::kernels::{Call, Rows, SetReturning};
use crate::types::{Datum, Numeric};

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("generate_series_int4", integers),
    ("generate_series_step_int4", integers),
    ("generate_series_int8", integers),
    ("generate_series_step_int8", integers),
    ("generate_series_numeric", numerics),
    ("generate_series_step_numeric", numerics),
    ("array_unnest", |call, args| match args {
        [Datum::Array(array)] => {
            let array = array.clone();
            Ok(Box::new((0..array.values.len()).map(move |at| Ok(vec![array.values[at].clone()]))))
        }
        [Datum::Null] => Ok(Box::new(std::iter::empty())),
        _ => Err(wrong(call, args)),
    }),
    // A relation here is never a part of another: its only ancestor is a partitioned table itself.
    ("pg_partition_ancestors", |call, args| {
        let found = call.env.catalog.call("pg_partition_ancestors", call, args)?;
        Ok(Box::new(found.filter(|found| !found.is_null()).map(|found| Ok(vec![found])).into_iter()))
    }),
    // Used by pgjdbc for the columns of a key.
    ("_pg_expandarray(anyarray)", |call, args| match args {
        [Datum::Array(array)] => {
            let array = array.clone();
            let number = |at: usize| Datum::Int4(at as i32 + 1);
            Ok(Box::new((0..array.values.len()).map(move |at| Ok(vec![array.values[at].clone(), number(at)]))))
        }
        [Datum::Null] => Ok(Box::new(std::iter::empty())),
        _ => Err(wrong(call, args)),
    }),
    // Options of servers and tables as name=value: psql's descriptions of foreign tables.
    ("pg_options_to_table", |call, args| match args {
        [Datum::Array(array)] => {
            let array = array.clone();
            Ok(Box::new((0..array.values.len()).map(move |at| {
                let option = array.values[at].as_str().unwrap_or_default();
                Ok(match option.split_once('=') {
                    Some((name, value)) => vec![Datum::text(name), Datum::text(value)],
                    None => vec![Datum::text(option), Datum::Null],
                })
            })))
        }
        [Datum::Null] => Ok(Box::new(std::iter::empty())),
        _ => Err(wrong(call, args)),
    }),
    ("generate_subscripts", subscripts),
    ("generate_subscripts_nodir", subscripts),
    ("text_to_table", |call, args| strings(call, args)),
    ("text_to_table_null", |call, args| strings(call, args)),
];

fn zero_step() -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, "step size cannot equal zero")
}

/// int4 and int8: the series ends where the next value would not fit.
fn integers(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    if args.iter().any(Datum::is_null) {
        return Ok(Box::new(std::iter::empty()));
    }
    let narrow = matches!(args.first(), Some(Datum::Int4(_)));
    let bounds: Option<Vec<i64>> = args.iter().map(Datum::as_i64).collect();
    let (start, stop, step) = match bounds.as_deref() {
        Some([start, stop]) => (*start, *stop, 1),
        Some([start, stop, step]) => (*start, *stop, *step),
        _ => return Err(wrong(call, args)),
    };
    if step == 0 {
        return Err(zero_step());
    }
    let mut next = Some(start);
    Ok(Box::new(std::iter::from_fn(move || {
        let current = next.filter(|value| if step > 0 { *value <= stop } else { *value >= stop })?;
        next = current.checked_add(step);
        Some(Ok(vec![if narrow { Datum::Int4(current as i32) } else { Datum::Int8(current) }]))
    })))
}

fn numerics(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let (start, stop, step) = match args {
        [Datum::Numeric(start), Datum::Numeric(stop)] => (start.clone(), stop.clone(), from_int(1)),
        [Datum::Numeric(start), Datum::Numeric(stop), Datum::Numeric(step)] => {
            (start.clone(), stop.clone(), step.clone())
        }
        _ if args.iter().any(Datum::is_null) => return Ok(Box::new(std::iter::empty())),
        _ => return Err(wrong(call, args)),
    };
    for (value, name) in [(&start, "start value"), (&stop, "stop value"), (&step, "step size")] {
        let kind = match value {
            Numeric::NaN => "NaN",
            Numeric::Infinity | Numeric::NegativeInfinity => "infinity",
            Numeric::Finite { .. } => continue,
        };
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("{name} cannot be {kind}")));
    }
    let zero = from_int(0);
    let rising = compare(&step, &zero);
    if rising.is_eq() {
        return Err(zero_step());
    }
    let mut next = Some(start);
    Ok(Box::new(std::iter::from_fn(move || {
        let current = next.take()?;
        let order = compare(&current, &stop);
        if if rising.is_gt() { order.is_gt() } else { order.is_lt() } {
            return None;
        }
        // What no numeric can hold lies behind every stop.
        next = math::add(&current, &step).ok();
        Some(Ok(vec![Datum::Numeric(current)]))
    })))
}

fn subscripts(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let (array, number, reverse) = match args {
        [Datum::Array(array), Datum::Int4(number)] => (array, *number, false),
        [Datum::Array(array), Datum::Int4(number), Datum::Bool(reverse)] => (array, *number, *reverse),
        _ if args.iter().any(Datum::is_null) => return Ok(Box::new(std::iter::empty())),
        _ => return Err(wrong(call, args)),
    };
    let dimension = usize::try_from(number).ok().and_then(|number| array.dimensions.get(number.checked_sub(1)?));
    let Some((length, lower)) = dimension.copied() else { return Ok(Box::new(std::iter::empty())) };
    let all = (0..length).map(move |at| if reverse { lower + length - 1 - at } else { lower + at });
    Ok(Box::new(all.map(|subscript| Ok(vec![Datum::Int4(subscript)]))))
}

fn strings(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let parts = super::array::split(call, args)?.unwrap_or_default();
    Ok(Box::new(parts.into_iter().map(|part| Ok(vec![part]))))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::arguments;
    use crate::kernels::{Call, Env, io, set_returning};

    #[test]
    fn as_postgresql() {
        let env = Env::default();
        for (symbol, args, expected) in [
            ("generate_series_int4", "int4 1, int4 3", "1 2 3"),
            ("generate_series_step_int4", "int4 5, int4 1, int4 -2", "5 3 1"),
            ("generate_series_step_int4", "int4 2147483646, int4 2147483647, int4 1", "2147483646 2147483647"),
            (
                "generate_series_int8",
                "int8 9223372036854775806, int8 9223372036854775807",
                "9223372036854775806 9223372036854775807",
            ),
            ("generate_series_step_numeric", "numeric 1, numeric 2, numeric 0.50", "1 1.50 2.00"),
            ("array_unnest", "_int4 {{1,2},{3,NULL}}", "1 2 3 NULL"),
            ("generate_subscripts", "_int4 [2:4]={1,2,3}, int4 1, bool t", "4 3 2"),
            ("text_to_table", "text a/b, text /", "a b"),
        ] {
            let (types, values) = arguments(&env, args);
            let call = Call { env: &env, args: &types, returns: types[0] };
            let rows: Vec<String> = set_returning(symbol).unwrap()(&call, &values)
                .unwrap()
                .map(|row| row.unwrap().remove(0))
                .map(|v| if v.is_null() { "NULL".to_owned() } else { io::output(&env, io::type_of(&v), &v).unwrap() })
                .collect();
            assert_eq!(rows.join(" "), expected, "{symbol}({args})");
        }
    }
}
