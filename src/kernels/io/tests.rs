//! Expected values are PostgreSQL 15's.

use super::*;

fn round_trip(ty: PgType, text: &str) -> String {
    let env = Env::default();
    match input(&env, ty, -1, text) {
        Err(error) => format!(
            "{} {}{}",
            error.state(),
            error.message(),
            error.fields().detail.as_ref().map(|d| format!(" | {d}")).unwrap_or_default()
        ),
        Ok(value) => {
            let bytes = encode(&env, ty, &value).unwrap();
            let again = decode(&env, ty, -1, &bytes).unwrap();
            let printed = output(&env, ty, &value).unwrap();
            assert_eq!(output(&env, ty, &again).unwrap(), printed, "binary round trip of {text}");
            printed
        }
    }
}

#[test]
fn scalars() {
    for (ty, text, expected) in [
        (PgType::BOOL, " Tr ", "t"),
        (PgType::BOOL, "of", "f"),
        (PgType::BOOL, "o", "22P02 invalid input syntax for type boolean: \"o\""),
        (PgType::INT2, "32768", "22003 value \"32768\" is out of range for type smallint"),
        (PgType::INT2, "-32768", "-32768"),
        (PgType::INT4, " +7 ", "7"),
        (PgType::INT4, "99999999999x", "22003 value \"99999999999x\" is out of range for type integer"),
        (PgType::INT4, "1.5", "22P02 invalid input syntax for type integer: \"1.5\""),
        (PgType::INT8, "-9223372036854775808", "-9223372036854775808"),
        (PgType::INT8, "9223372036854775808", "22003 value \"9223372036854775808\" is out of range for type bigint"),
        (PgType::OID, "-1", "4294967295"),
        (PgType::FLOAT8, "1e20", "1e+20"),
        (PgType::NUMERIC, "1.50", "1.50"),
        (PgType::BYTEA, "\\xDEad be", "\\xdeadbe"),
        (PgType::BYTEA, "a\\\\b\\001", "\\x615c6201"),
        (PgType::BYTEA, "\\x1", "22023 invalid hexadecimal data: odd number of digits"),
        (PgType::BYTEA, "\\9", "22P02 invalid input syntax for type bytea"),
        (PgType::UUID, "{A0EEBC99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (PgType::UUID, "a0ee-bc99", "22P02 invalid input syntax for type uuid: \"a0ee-bc99\""),
        (PgType::INT2VECTOR, "1 2  3", "1 2 3"),
        (PgType::CHAR, "xyz", "x"),
    ] {
        assert_eq!(round_trip(ty, text), expected, "{ty:?} {text}");
    }
}

#[test]
fn arrays() {
    for (ty, text, expected) in [
        (PgType::INT4_ARRAY, "  {1, \"2\" ,3 } ", "{1,2,3}"),
        (PgType::INT4_ARRAY, "{}", "{}"),
        (PgType::INT4_ARRAY, "[0:1]={1,2}", "[0:1]={1,2}"),
        (PgType::INT4_ARRAY, "[1:2][1:1]={{1},{2}}", "{{1},{2}}"),
        (PgType::TEXT_ARRAY, "{a b c}", "{\"a b c\"}"),
        (PgType::TEXT_ARRAY, "{ NULL , null, \"NULL\", nUll x}", "{NULL,NULL,\"NULL\",\"nUll x\"}"),
        (PgType::TEXT_ARRAY, "{\\NULL,a\\ ,\\a\\,b,\"\"}", "{\"NULL\",\"a \",\"a,b\",\"\"}"),
        (PgType::INT4_ARRAY, "{{},{}}", "22P02 malformed array literal: \"{{},{}}\" | Unexpected \"}\" character."),
        (PgType::INT4_ARRAY, "{1,}", "22P02 malformed array literal: \"{1,}\" | Unexpected \"}\" character."),
        (PgType::INT4_ARRAY, "{{1},2}", "22P02 malformed array literal: \"{{1},2}\" | Unexpected array element."),
        (PgType::INT4_ARRAY, "{1,{2}}", "22P02 malformed array literal: \"{1,{2}}\" | Unexpected \"{\" character."),
        (
            PgType::INT4_ARRAY,
            "{{1,2},{3}}",
            "22P02 malformed array literal: \"{{1,2},{3}}\" | Multidimensional arrays must have sub-arrays with matching dimensions.",
        ),
        (PgType::INT4_ARRAY, "{}  x", "22P02 malformed array literal: \"{}  x\" | Junk after closing right brace."),
        (PgType::INT4_ARRAY, "{\"a", "22P02 malformed array literal: \"{\"a\" | Unexpected end of input."),
        (PgType::INT4_ARRAY, "[2:1]={}", "2202E upper bound cannot be less than lower bound"),
        (PgType::INT4_ARRAY, "{{{{{{{1}}}}}}}", "54000 number of array dimensions (7) exceeds the maximum allowed (6)"),
    ] {
        assert_eq!(round_trip(ty, text), expected, "{text}");
    }
}

#[test]
fn lengths() {
    let env = Env::default();
    let coerce = |ty, n: i32, text: &str, explicit| {
        apply_typmod(&env, ty, n + 4, Datum::text(text), explicit)
            .map_or_else(|e| format!("{} {}", e.state(), e.message()), |v| v.as_str().unwrap().to_owned())
    };
    assert_eq!(coerce(PgType::VARCHAR, 3, "abcd", true), "abc");
    assert_eq!(coerce(PgType::VARCHAR, 3, "abcd", false), "22001 value too long for type character varying(3)");
    assert_eq!(coerce(PgType::VARCHAR, 3, "abc  ", false), "abc");
    assert_eq!(coerce(PgType::BPCHAR, 3, "é", false), "é  ");
    assert_eq!(coerce(PgType::BPCHAR, 1, "éa", false), "22001 value too long for type character(1)");
}
#[test]
fn records() {
    let env = Env::default();
    let row = Datum::Record(vec![Datum::Int4(1), Datum::text("a \"b\""), Datum::Null, Datum::text("")].into());
    assert_eq!(output(&env, PgType::RECORD, &row).unwrap(), "(1,\"a \"\"b\"\"\",,\"\")");
    let bytes = encode(&env, PgType::RECORD, &row).unwrap();
    let again = decode(&env, PgType::RECORD, -1, &bytes).unwrap();
    assert_eq!(output(&env, PgType::RECORD, &again).unwrap(), "(1,\"a \"\"b\"\"\",,\"\")");
}
