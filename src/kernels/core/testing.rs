//! Tables of kernel calls: symbol, arguments (`type text`, separated by `, `; `type null` for NULL), expected text or `SQLSTATE message`.

use crate::kernels::{Call, Env, io};
use crate::types::{Datum, PgType};

/// Calls each and compares. The result is printed as the type that the value itself has.
pub(in crate::kernels) fn check(cases: &[(&str, &str, &str)]) {
    for (symbol, args, expected) in cases {
        assert_eq!(call(symbol, args), *expected, "{symbol}({args})");
    }
}

/// Arguments of a call in the notation of [`check`].
pub(in crate::kernels) fn arguments(env: &Env, args: &str) -> (Vec<PgType>, Vec<Datum>) {
    args.split(", ")
        .filter(|arg| !arg.is_empty())
        .map(|arg| {
            let (ty, text) = arg.split_once(' ').unwrap_or((arg, ""));
            let ty = PgType::by_name(ty).unwrap_or_else(|| panic!("type {ty}"));
            (ty, if text == "null" { Datum::Null } else { io::input(env, ty, -1, text).unwrap() })
        })
        .unzip()
}

fn call(symbol: &str, args: &str) -> String {
    let env = Env::default();
    let (types, values) = arguments(&env, args);
    let kernel = crate::kernels::scalar(symbol).unwrap_or_else(|| panic!("no kernel {symbol}"));
    // Polymorphic results: the first array's type, as far as the kernels here look at it.
    let returns = types.iter().copied().find(|ty| ty.is_array()).unwrap_or(PgType::TEXT);
    let call = Call { env: &env, args: &types, returns };
    match kernel(&call, &values) {
        Err(error) => format!("{} {}", error.state(), error.message()),
        Ok(Datum::Null) => "NULL".to_owned(),
        Ok(value) => io::output(&env, io::type_of(&value), &value).unwrap(),
    }
}

/// Tables of aggregate calls: symbol, argument types (`type,type`; for ordered sets `percentile type`), rows (`a|b`), expected.
pub(in crate::kernels) fn check_aggregate(cases: &[(&str, &str, &[&str], &str)]) {
    for (symbol, types, rows, expected) in cases {
        assert_eq!(aggregate(symbol, types, rows), *expected, "{symbol} over {rows:?}");
    }
}

fn aggregate(symbol: &str, types: &str, rows: &[&str]) -> String {
    let env = Env::default();
    let (direct, types) = match types.split_once(' ') {
        None => (Vec::new(), types),
        Some(("", types)) => (Vec::new(), types),
        Some((percentile, types)) => {
            let ty = if percentile.starts_with('{') { PgType::FLOAT8.array().unwrap() } else { PgType::FLOAT8 };
            (vec![io::input(&env, ty, -1, percentile).unwrap()], types)
        }
    };
    let types: Vec<PgType> = types.split(',').map(|name| PgType::by_name(name).unwrap()).collect();
    let returns = types[0].array().unwrap_or(types[0]);
    let call = Call { env: &env, args: &types, returns };
    let run = || {
        let mut state = crate::kernels::aggregate(symbol).unwrap_or_else(|| panic!("no aggregate {symbol}"))(&direct)?;
        for row in rows {
            let args: Vec<Datum> = row
                .split('|')
                .zip(&types)
                .map(|(text, ty)| if text == "null" { Datum::Null } else { io::input(&env, *ty, -1, text).unwrap() })
                .collect();
            state.update(&call, &args)?;
        }
        state.finish(&call)
    };
    match run() {
        Err(error) => format!("{} {}", error.state(), error.message()),
        Ok(Datum::Null) => "NULL".to_owned(),
        Ok(value) => io::output(&env, io::type_of(&value), &value).unwrap(),
    }
}
