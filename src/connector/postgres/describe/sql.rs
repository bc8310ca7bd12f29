//! The introspection statements: constants, `$1` is the schema. The connection's search_path is pg_catalog alone, so what
//! `pg_get_*def` and `format_type` print is qualified.

/// Schemas that the user may look into.
pub(super) const SCHEMAS: &str = "SELECT n.nspname FROM pg_catalog.pg_namespace n \
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
     ORDER BY n.nspname";

pub(super) const SCHEMA: &str = "SELECT pg_catalog.obj_description(n.oid, 'pg_namespace') \
     FROM pg_catalog.pg_namespace n WHERE n.nspname = $1";

pub(super) const POSTGIS: &str = "SELECT n.nspname, e.extversion \
     FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
     WHERE e.extname = 'postgis'";

pub(super) const ESTIMATE: &str = "SELECT c.reltuples, c.relpages \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relname = $2";

/// The numbers of a partitioned table are the sums over its leaves.
pub(super) const RELATIONS: &str = "SELECT c.oid, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), \
       pg_catalog.obj_description(c.oid, 'pg_class'), \
       CASE WHEN c.relkind = 'p' THEN coalesce((SELECT sum(l.reltuples) FROM pg_catalog.pg_partition_tree(c.oid) t \
           JOIN pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf AND l.reltuples >= 0), -1) \
         ELSE c.reltuples END, \
       CASE WHEN c.relkind = 'p' THEN coalesce((SELECT sum(l.relpages) FROM pg_catalog.pg_partition_tree(c.oid) t \
           JOIN pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf), 0) \
         ELSE c.relpages END, \
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END, \
       pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
       c.relrowsecurity \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') \
     ORDER BY c.relname";

/// Names of the schema's own relations are written without it: for what follows in the transaction.
pub(super) const SHOW_PATH: &str =
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog, ' || pg_catalog.quote_ident($1), true)";

pub(super) const HIDE_PATH: &str = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)";

pub(super) const VIEWS: &str = "SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relkind IN ('v', 'm')";

pub(super) const COLUMNS: &str = "SELECT a.attrelid, a.attname, a.attnum, a.atttypid, t.typname, tn.nspname, t.typtype, \
       e.typname, en.nspname, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, \
       pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, \
       CASE WHEN a.attcollation <> t.typcollation THEN co.collname END, \
       pg_catalog.col_description(a.attrelid, a.attnum) \
     FROM pg_catalog.pg_attribute a \
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid \
     LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace \
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation \
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY a.attrelid, a.attnum";

pub(super) const CONSTRAINTS: &str = "SELECT k.conrelid, k.conname, k.contype, pg_catalog.pg_get_constraintdef(k.oid), \
       pg_catalog.array_to_json(k.conkey), fn.nspname, f.relname, pg_catalog.array_to_json(k.confkey), \
       k.convalidated, k.condeferrable, k.condeferred \
     FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid \
     LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace \
     WHERE n.nspname = $1 \
     ORDER BY k.conrelid, k.conname";

pub(super) const INDEXES: &str = "SELECT i.indrelid, x.relname, pg_catalog.pg_get_indexdef(i.indexrelid), \
       pg_catalog.array_to_json((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]), i.indisunique, i.indisprimary, \
       am.amname, pg_catalog.pg_get_expr(i.indpred, i.indrelid), i.indisvalid \
     FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
     JOIN pg_catalog.pg_am am ON am.oid = x.relam \
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'p') \
     ORDER BY i.indrelid, x.relname";

/// Types outside of pg_catalog that columns use: themselves, as elements, as bases of domains, as attributes of composites.
pub(super) const TYPES: &str = "WITH RECURSIVE used (oid) AS ( \
       SELECT a.atttypid FROM pg_catalog.pg_attribute a \
       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
       WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
       UNION \
       SELECT p.oid FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid \
       CROSS JOIN LATERAL (SELECT t.typelem WHERE t.typelem <> 0 \
         UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0 \
         UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a \
           WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped) p (oid)) \
     SELECT t.oid, t.typname, n.nspname, t.typtype, t.typcategory, t.typarray, \
       (SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder) \
          FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid), \
       CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END, t.typbasetype, t.typtypmod, \
       t.typnotnull, \
       (SELECT pg_catalog.json_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY k.conname) \
          FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid), \
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, \
            pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid::pg_catalog.int8, a.atttypmod) ORDER BY a.attnum) \
          FROM pg_catalog.pg_attribute a \
          WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
       (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid \
          WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e' \
            AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass) \
     FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid \
     JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     WHERE n.nspname <> 'pg_catalog' AND NOT EXISTS ( \
       SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) \
     ORDER BY t.oid";
