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
