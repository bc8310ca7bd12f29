//! The fixed built-in types: one row each, taken from PostgreSQL 15's `pg_type` (PostGIS's types carry oids of our own choice).
//! Array types have no row: they are derived from their element's `array` oid.

use super::PgType;

/// One row of `pg_type` for a base, range or pseudo type.
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    pub oid: u32,
    pub name: &'static str,
    /// `typlen`: -1 varlena, -2 C string.
    pub len: i16,
    /// `typcategory`.
    pub category: u8,
    /// `typispreferred`.
    pub preferred: bool,
    /// Oid of the array type over this one; 0 when there is none.
    pub array: u32,
    /// Element oid for the fixed-length "array-like" types (`int2vector`, `point`, `name` ...); 0 otherwise.
    pub element: u32,
    /// `typtype`: b base, p pseudo, r range, m multirange.
    pub kind: u8,
    /// `typcollation`.
    pub collation: u32,
    pub by_value: bool,
    /// `typdelim`.
    pub delimiter: u8,
    pub align: u8,
    pub storage: u8,
}

#[rustfmt::skip]
pub static TYPES: &[TypeInfo] = &[
    TypeInfo { oid: 16, name: "bool", len: 1, category: b'B', preferred: true, array: 1000, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 17, name: "bytea", len: -1, category: b'U', preferred: false, array: 1001, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 18, name: "char", len: 1, category: b'Z', preferred: false, array: 1002, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 19, name: "name", len: 64, category: b'S', preferred: false, array: 1003, element: 18, kind: b'b', collation: 950, by_value: false, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 20, name: "int8", len: 8, category: b'N', preferred: false, array: 1016, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 21, name: "int2", len: 2, category: b'N', preferred: false, array: 1005, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b's', storage: b'p' },
    TypeInfo { oid: 22, name: "int2vector", len: -1, category: b'A', preferred: false, array: 1006, element: 21, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 23, name: "int4", len: 4, category: b'N', preferred: false, array: 1007, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 24, name: "regproc", len: 4, category: b'N', preferred: false, array: 1008, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 25, name: "text", len: -1, category: b'S', preferred: true, array: 1009, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 26, name: "oid", len: 4, category: b'N', preferred: true, array: 1028, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 27, name: "tid", len: 6, category: b'U', preferred: false, array: 1010, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b's', storage: b'p' },
    TypeInfo { oid: 28, name: "xid", len: 4, category: b'U', preferred: false, array: 1011, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 29, name: "cid", len: 4, category: b'U', preferred: false, array: 1012, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 30, name: "oidvector", len: -1, category: b'A', preferred: false, array: 1013, element: 26, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 32, name: "pg_ddl_command", len: 8, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 114, name: "json", len: -1, category: b'U', preferred: false, array: 199, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 142, name: "xml", len: -1, category: b'U', preferred: false, array: 143, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 194, name: "pg_node_tree", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 269, name: "table_am_handler", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 325, name: "index_am_handler", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 600, name: "point", len: 16, category: b'G', preferred: false, array: 1017, element: 701, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 601, name: "lseg", len: 32, category: b'G', preferred: false, array: 1018, element: 600, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 602, name: "path", len: -1, category: b'G', preferred: false, array: 1019, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 603, name: "box", len: 32, category: b'G', preferred: false, array: 1020, element: 600, kind: b'b', collation: 0, by_value: false, delimiter: b';', align: b'd', storage: b'p' },
    TypeInfo { oid: 604, name: "polygon", len: -1, category: b'G', preferred: false, array: 1027, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 628, name: "line", len: 24, category: b'G', preferred: false, array: 629, element: 701, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 650, name: "cidr", len: -1, category: b'I', preferred: false, array: 651, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'm' },
    TypeInfo { oid: 700, name: "float4", len: 4, category: b'N', preferred: false, array: 1021, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 701, name: "float8", len: 8, category: b'N', preferred: true, array: 1022, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 705, name: "unknown", len: -2, category: b'X', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 718, name: "circle", len: 24, category: b'G', preferred: false, array: 719, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 774, name: "macaddr8", len: 8, category: b'U', preferred: false, array: 775, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 790, name: "money", len: 8, category: b'N', preferred: false, array: 791, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 829, name: "macaddr", len: 6, category: b'U', preferred: false, array: 1040, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 869, name: "inet", len: -1, category: b'I', preferred: true, array: 1041, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'm' },
    TypeInfo { oid: 1033, name: "aclitem", len: 12, category: b'U', preferred: false, array: 1034, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 1042, name: "bpchar", len: -1, category: b'S', preferred: false, array: 1014, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 1043, name: "varchar", len: -1, category: b'S', preferred: false, array: 1015, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 1082, name: "date", len: 4, category: b'D', preferred: false, array: 1182, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 1083, name: "time", len: 8, category: b'D', preferred: false, array: 1183, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 1114, name: "timestamp", len: 8, category: b'D', preferred: false, array: 1115, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 1184, name: "timestamptz", len: 8, category: b'D', preferred: true, array: 1185, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 1186, name: "interval", len: 16, category: b'T', preferred: true, array: 1187, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 1266, name: "timetz", len: 12, category: b'D', preferred: false, array: 1270, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 1560, name: "bit", len: -1, category: b'V', preferred: false, array: 1561, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 1562, name: "varbit", len: -1, category: b'V', preferred: true, array: 1563, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 1700, name: "numeric", len: -1, category: b'N', preferred: false, array: 1231, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'm' },
    TypeInfo { oid: 1790, name: "refcursor", len: -1, category: b'U', preferred: false, array: 2201, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 2202, name: "regprocedure", len: 4, category: b'N', preferred: false, array: 2207, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2203, name: "regoper", len: 4, category: b'N', preferred: false, array: 2208, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2204, name: "regoperator", len: 4, category: b'N', preferred: false, array: 2209, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2205, name: "regclass", len: 4, category: b'N', preferred: false, array: 2210, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2206, name: "regtype", len: 4, category: b'N', preferred: false, array: 2211, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2249, name: "record", len: -1, category: b'P', preferred: false, array: 2287, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 2275, name: "cstring", len: -2, category: b'P', preferred: false, array: 1263, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 2276, name: "any", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2277, name: "anyarray", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 2278, name: "void", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2279, name: "trigger", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2280, name: "language_handler", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2281, name: "internal", len: 8, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 2283, name: "anyelement", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2776, name: "anynonarray", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 2950, name: "uuid", len: 16, category: b'U', preferred: false, array: 2951, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'c', storage: b'p' },
    TypeInfo { oid: 2970, name: "txid_snapshot", len: -1, category: b'U', preferred: false, array: 2949, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 3115, name: "fdw_handler", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3220, name: "pg_lsn", len: 8, category: b'U', preferred: false, array: 3221, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 3310, name: "tsm_handler", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3361, name: "pg_ndistinct", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3402, name: "pg_dependencies", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3500, name: "anyenum", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3614, name: "tsvector", len: -1, category: b'U', preferred: false, array: 3643, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3615, name: "tsquery", len: -1, category: b'U', preferred: false, array: 3645, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3642, name: "gtsvector", len: -1, category: b'U', preferred: false, array: 3644, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3734, name: "regconfig", len: 4, category: b'N', preferred: false, array: 3735, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3769, name: "regdictionary", len: 4, category: b'N', preferred: false, array: 3770, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3802, name: "jsonb", len: -1, category: b'U', preferred: false, array: 3807, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3831, name: "anyrange", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 3838, name: "event_trigger", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 3904, name: "int4range", len: -1, category: b'R', preferred: false, array: 3905, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3906, name: "numrange", len: -1, category: b'R', preferred: false, array: 3907, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3908, name: "tsrange", len: -1, category: b'R', preferred: false, array: 3909, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 3910, name: "tstzrange", len: -1, category: b'R', preferred: false, array: 3911, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 3912, name: "daterange", len: -1, category: b'R', preferred: false, array: 3913, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 3926, name: "int8range", len: -1, category: b'R', preferred: false, array: 3927, element: 0, kind: b'r', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4072, name: "jsonpath", len: -1, category: b'U', preferred: false, array: 4073, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 4089, name: "regnamespace", len: 4, category: b'N', preferred: false, array: 4090, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 4096, name: "regrole", len: 4, category: b'N', preferred: false, array: 4097, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 4191, name: "regcollation", len: 4, category: b'N', preferred: false, array: 4192, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 4451, name: "int4multirange", len: -1, category: b'R', preferred: false, array: 6150, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 4532, name: "nummultirange", len: -1, category: b'R', preferred: false, array: 6151, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 4533, name: "tsmultirange", len: -1, category: b'R', preferred: false, array: 6152, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4534, name: "tstzmultirange", len: -1, category: b'R', preferred: false, array: 6153, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4535, name: "datemultirange", len: -1, category: b'R', preferred: false, array: 6155, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 4536, name: "int8multirange", len: -1, category: b'R', preferred: false, array: 6157, element: 0, kind: b'm', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4537, name: "anymultirange", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4538, name: "anycompatiblemultirange", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 4600, name: "pg_brin_bloom_summary", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 4601, name: "pg_brin_minmax_multi_summary", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 5017, name: "pg_mcv_list", len: -1, category: b'Z', preferred: false, array: 0, element: 0, kind: b'b', collation: 100, by_value: false, delimiter: b',', align: b'i', storage: b'x' },
    TypeInfo { oid: 5038, name: "pg_snapshot", len: -1, category: b'U', preferred: false, array: 5039, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 5069, name: "xid8", len: 8, category: b'U', preferred: false, array: 271, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 5077, name: "anycompatible", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 5078, name: "anycompatiblearray", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 5079, name: "anycompatiblenonarray", len: 4, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: true, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 5080, name: "anycompatiblerange", len: -1, category: b'P', preferred: false, array: 0, element: 0, kind: b'p', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'x' },
    TypeInfo { oid: 17432, name: "spheroid", len: 65, category: b'U', preferred: false, array: 17435, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 17436, name: "geometry", len: -1, category: b'U', preferred: false, array: 17444, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b':', align: b'd', storage: b'm' },
    TypeInfo { oid: 17463, name: "box3d", len: 52, category: b'U', preferred: false, array: 17466, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 17467, name: "box2d", len: 65, category: b'U', preferred: false, array: 17470, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'i', storage: b'p' },
    TypeInfo { oid: 17471, name: "box2df", len: 16, category: b'U', preferred: false, array: 17474, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 17475, name: "gidx", len: -1, category: b'U', preferred: false, array: 17478, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b',', align: b'd', storage: b'p' },
    TypeInfo { oid: 18123, name: "geography", len: -1, category: b'U', preferred: false, array: 18129, element: 0, kind: b'b', collation: 0, by_value: false, delimiter: b':', align: b'd', storage: b'm' },
    TypeInfo { oid: 19000, name: "h3index", len: 8, category: b'U', preferred: false, array: 19001, element: 0, kind: b'b', collation: 0, by_value: true, delimiter: b',', align: b'd', storage: b'p' },
];

#[rustfmt::skip]
impl PgType {
    pub const BOOL: PgType = PgType(16);
    pub const BOOL_ARRAY: PgType = PgType(1000);
    pub const BYTEA: PgType = PgType(17);
    pub const BYTEA_ARRAY: PgType = PgType(1001);
    pub const CHAR: PgType = PgType(18);
    pub const CHAR_ARRAY: PgType = PgType(1002);
    pub const NAME: PgType = PgType(19);
    pub const NAME_ARRAY: PgType = PgType(1003);
    pub const INT8: PgType = PgType(20);
    pub const INT8_ARRAY: PgType = PgType(1016);
    pub const INT2: PgType = PgType(21);
    pub const INT2_ARRAY: PgType = PgType(1005);
    pub const INT2VECTOR: PgType = PgType(22);
    pub const INT2VECTOR_ARRAY: PgType = PgType(1006);
    pub const INT4: PgType = PgType(23);
    pub const INT4_ARRAY: PgType = PgType(1007);
    pub const REGPROC: PgType = PgType(24);
    pub const REGPROC_ARRAY: PgType = PgType(1008);
    pub const TEXT: PgType = PgType(25);
    pub const TEXT_ARRAY: PgType = PgType(1009);
    pub const OID: PgType = PgType(26);
    pub const OID_ARRAY: PgType = PgType(1028);
    pub const TID: PgType = PgType(27);
    pub const TID_ARRAY: PgType = PgType(1010);
    pub const XID: PgType = PgType(28);
    pub const XID_ARRAY: PgType = PgType(1011);
    pub const CID: PgType = PgType(29);
    pub const CID_ARRAY: PgType = PgType(1012);
    pub const OIDVECTOR: PgType = PgType(30);
    pub const OIDVECTOR_ARRAY: PgType = PgType(1013);
    pub const PG_DDL_COMMAND: PgType = PgType(32);
    pub const JSON: PgType = PgType(114);
    pub const JSON_ARRAY: PgType = PgType(199);
    pub const XML: PgType = PgType(142);
    pub const XML_ARRAY: PgType = PgType(143);
    pub const PG_NODE_TREE: PgType = PgType(194);
    pub const TABLE_AM_HANDLER: PgType = PgType(269);
    pub const INDEX_AM_HANDLER: PgType = PgType(325);
    pub const POINT: PgType = PgType(600);
    pub const POINT_ARRAY: PgType = PgType(1017);
    pub const LSEG: PgType = PgType(601);
    pub const LSEG_ARRAY: PgType = PgType(1018);
    pub const PATH: PgType = PgType(602);
    pub const PATH_ARRAY: PgType = PgType(1019);
    pub const BOX: PgType = PgType(603);
    pub const BOX_ARRAY: PgType = PgType(1020);
    pub const POLYGON: PgType = PgType(604);
    pub const POLYGON_ARRAY: PgType = PgType(1027);
    pub const LINE: PgType = PgType(628);
    pub const LINE_ARRAY: PgType = PgType(629);
    pub const CIDR: PgType = PgType(650);
    pub const CIDR_ARRAY: PgType = PgType(651);
    pub const FLOAT4: PgType = PgType(700);
    pub const FLOAT4_ARRAY: PgType = PgType(1021);
    pub const FLOAT8: PgType = PgType(701);
    pub const FLOAT8_ARRAY: PgType = PgType(1022);
    pub const UNKNOWN: PgType = PgType(705);
    pub const CIRCLE: PgType = PgType(718);
    pub const CIRCLE_ARRAY: PgType = PgType(719);
    pub const MACADDR8: PgType = PgType(774);
    pub const MACADDR8_ARRAY: PgType = PgType(775);
    pub const MONEY: PgType = PgType(790);
    pub const MONEY_ARRAY: PgType = PgType(791);
    pub const MACADDR: PgType = PgType(829);
    pub const MACADDR_ARRAY: PgType = PgType(1040);
    pub const INET: PgType = PgType(869);
    pub const INET_ARRAY: PgType = PgType(1041);
    pub const ACLITEM: PgType = PgType(1033);
    pub const ACLITEM_ARRAY: PgType = PgType(1034);
    pub const BPCHAR: PgType = PgType(1042);
    pub const BPCHAR_ARRAY: PgType = PgType(1014);
    pub const VARCHAR: PgType = PgType(1043);
    pub const VARCHAR_ARRAY: PgType = PgType(1015);
    pub const DATE: PgType = PgType(1082);
    pub const DATE_ARRAY: PgType = PgType(1182);
    pub const TIME: PgType = PgType(1083);
    pub const TIME_ARRAY: PgType = PgType(1183);
    pub const TIMESTAMP: PgType = PgType(1114);
    pub const TIMESTAMP_ARRAY: PgType = PgType(1115);
    pub const TIMESTAMPTZ: PgType = PgType(1184);
    pub const TIMESTAMPTZ_ARRAY: PgType = PgType(1185);
    pub const INTERVAL: PgType = PgType(1186);
    pub const INTERVAL_ARRAY: PgType = PgType(1187);
    pub const TIMETZ: PgType = PgType(1266);
    pub const TIMETZ_ARRAY: PgType = PgType(1270);
    pub const BIT: PgType = PgType(1560);
    pub const BIT_ARRAY: PgType = PgType(1561);
    pub const VARBIT: PgType = PgType(1562);
    pub const VARBIT_ARRAY: PgType = PgType(1563);
    pub const NUMERIC: PgType = PgType(1700);
    pub const NUMERIC_ARRAY: PgType = PgType(1231);
    pub const REFCURSOR: PgType = PgType(1790);
    pub const REFCURSOR_ARRAY: PgType = PgType(2201);
    pub const REGPROCEDURE: PgType = PgType(2202);
    pub const REGPROCEDURE_ARRAY: PgType = PgType(2207);
    pub const REGOPER: PgType = PgType(2203);
    pub const REGOPER_ARRAY: PgType = PgType(2208);
    pub const REGOPERATOR: PgType = PgType(2204);
    pub const REGOPERATOR_ARRAY: PgType = PgType(2209);
    pub const REGCLASS: PgType = PgType(2205);
    pub const REGCLASS_ARRAY: PgType = PgType(2210);
    pub const REGTYPE: PgType = PgType(2206);
    pub const REGTYPE_ARRAY: PgType = PgType(2211);
    pub const RECORD: PgType = PgType(2249);
    pub const RECORD_ARRAY: PgType = PgType(2287);
    pub const CSTRING: PgType = PgType(2275);
    pub const CSTRING_ARRAY: PgType = PgType(1263);
    pub const ANY: PgType = PgType(2276);
    pub const ANYARRAY: PgType = PgType(2277);
    pub const VOID: PgType = PgType(2278);
    pub const TRIGGER: PgType = PgType(2279);
    pub const LANGUAGE_HANDLER: PgType = PgType(2280);
    pub const INTERNAL: PgType = PgType(2281);
    pub const ANYELEMENT: PgType = PgType(2283);
    pub const ANYNONARRAY: PgType = PgType(2776);
    pub const UUID: PgType = PgType(2950);
    pub const UUID_ARRAY: PgType = PgType(2951);
    pub const TXID_SNAPSHOT: PgType = PgType(2970);
    pub const TXID_SNAPSHOT_ARRAY: PgType = PgType(2949);
    pub const FDW_HANDLER: PgType = PgType(3115);
    pub const PG_LSN: PgType = PgType(3220);
    pub const PG_LSN_ARRAY: PgType = PgType(3221);
    pub const TSM_HANDLER: PgType = PgType(3310);
    pub const PG_NDISTINCT: PgType = PgType(3361);
    pub const PG_DEPENDENCIES: PgType = PgType(3402);
    pub const ANYENUM: PgType = PgType(3500);
    pub const TSVECTOR: PgType = PgType(3614);
    pub const TSVECTOR_ARRAY: PgType = PgType(3643);
    pub const TSQUERY: PgType = PgType(3615);
    pub const TSQUERY_ARRAY: PgType = PgType(3645);
    pub const GTSVECTOR: PgType = PgType(3642);
    pub const GTSVECTOR_ARRAY: PgType = PgType(3644);
    pub const REGCONFIG: PgType = PgType(3734);
    pub const REGCONFIG_ARRAY: PgType = PgType(3735);
    pub const REGDICTIONARY: PgType = PgType(3769);
    pub const REGDICTIONARY_ARRAY: PgType = PgType(3770);
    pub const JSONB: PgType = PgType(3802);
    pub const JSONB_ARRAY: PgType = PgType(3807);
    pub const ANYRANGE: PgType = PgType(3831);
    pub const EVENT_TRIGGER: PgType = PgType(3838);
    pub const INT4RANGE: PgType = PgType(3904);
    pub const INT4RANGE_ARRAY: PgType = PgType(3905);
    pub const NUMRANGE: PgType = PgType(3906);
    pub const NUMRANGE_ARRAY: PgType = PgType(3907);
    pub const TSRANGE: PgType = PgType(3908);
    pub const TSRANGE_ARRAY: PgType = PgType(3909);
    pub const TSTZRANGE: PgType = PgType(3910);
    pub const TSTZRANGE_ARRAY: PgType = PgType(3911);
    pub const DATERANGE: PgType = PgType(3912);
    pub const DATERANGE_ARRAY: PgType = PgType(3913);
    pub const INT8RANGE: PgType = PgType(3926);
    pub const INT8RANGE_ARRAY: PgType = PgType(3927);
    pub const JSONPATH: PgType = PgType(4072);
    pub const JSONPATH_ARRAY: PgType = PgType(4073);
    pub const REGNAMESPACE: PgType = PgType(4089);
    pub const REGNAMESPACE_ARRAY: PgType = PgType(4090);
    pub const REGROLE: PgType = PgType(4096);
    pub const REGROLE_ARRAY: PgType = PgType(4097);
    pub const REGCOLLATION: PgType = PgType(4191);
    pub const REGCOLLATION_ARRAY: PgType = PgType(4192);
    pub const INT4MULTIRANGE: PgType = PgType(4451);
    pub const INT4MULTIRANGE_ARRAY: PgType = PgType(6150);
    pub const NUMMULTIRANGE: PgType = PgType(4532);
    pub const NUMMULTIRANGE_ARRAY: PgType = PgType(6151);
    pub const TSMULTIRANGE: PgType = PgType(4533);
    pub const TSMULTIRANGE_ARRAY: PgType = PgType(6152);
    pub const TSTZMULTIRANGE: PgType = PgType(4534);
    pub const TSTZMULTIRANGE_ARRAY: PgType = PgType(6153);
    pub const DATEMULTIRANGE: PgType = PgType(4535);
    pub const DATEMULTIRANGE_ARRAY: PgType = PgType(6155);
    pub const INT8MULTIRANGE: PgType = PgType(4536);
    pub const INT8MULTIRANGE_ARRAY: PgType = PgType(6157);
    pub const ANYMULTIRANGE: PgType = PgType(4537);
    pub const ANYCOMPATIBLEMULTIRANGE: PgType = PgType(4538);
    pub const PG_BRIN_BLOOM_SUMMARY: PgType = PgType(4600);
    pub const PG_BRIN_MINMAX_MULTI_SUMMARY: PgType = PgType(4601);
    pub const PG_MCV_LIST: PgType = PgType(5017);
    pub const PG_SNAPSHOT: PgType = PgType(5038);
    pub const PG_SNAPSHOT_ARRAY: PgType = PgType(5039);
    pub const XID8: PgType = PgType(5069);
    pub const XID8_ARRAY: PgType = PgType(271);
    pub const ANYCOMPATIBLE: PgType = PgType(5077);
    pub const ANYCOMPATIBLEARRAY: PgType = PgType(5078);
    pub const ANYCOMPATIBLENONARRAY: PgType = PgType(5079);
    pub const ANYCOMPATIBLERANGE: PgType = PgType(5080);
    pub const SPHEROID: PgType = PgType(17432);
    pub const SPHEROID_ARRAY: PgType = PgType(17435);
    pub const GEOMETRY: PgType = PgType(17436);
    pub const GEOMETRY_ARRAY: PgType = PgType(17444);
    pub const BOX3D: PgType = PgType(17463);
    pub const BOX3D_ARRAY: PgType = PgType(17466);
    pub const BOX2D: PgType = PgType(17467);
    pub const BOX2D_ARRAY: PgType = PgType(17470);
    pub const BOX2DF: PgType = PgType(17471);
    pub const BOX2DF_ARRAY: PgType = PgType(17474);
    pub const GIDX: PgType = PgType(17475);
    pub const GIDX_ARRAY: PgType = PgType(17478);
    pub const GEOGRAPHY: PgType = PgType(18123);
    pub const GEOGRAPHY_ARRAY: PgType = PgType(18129);
    pub const H3INDEX: PgType = PgType(19000);
    pub const H3INDEX_ARRAY: PgType = PgType(19001);
}
