//! Hostile text on the live Trino: what goes there as a literal or a name comes back as it was.

use crate::injection::HOSTILE;
use crate::support::graticule::Graticule;
use crate::support::trino;

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[test]
fn hostile_literals_and_names_come_back() {
    let Some(far) = trino::far() else { return };
    let values: Vec<String> = HOSTILE.iter().enumerate().map(|(n, text)| format!("({n}, {})", literal(text))).collect();
    far.run(&[
        "CREATE SCHEMA memory.hostile",
        "CREATE TABLE memory.hostile.t(id integer, v varchar)",
        &format!("INSERT INTO memory.hostile.t VALUES {}", values.join(", ")),
    ]);
    // Trino folds names; those that differ in case only, or that it refuses to make, are left out.
    let mut named = Vec::new();
    for (n, text) in HOSTILE.iter().enumerate() {
        let made = format!(
            "CREATE TABLE memory.hostile.{} AS SELECT {n} AS {}, {n} AS n",
            name(&format!("t {text}")),
            name(text)
        );
        if far.attempt(&made).is_ok() {
            named.push((n, text));
        }
    }
    assert!(named.len() >= HOSTILE.len() - 4, "{} of {} names", named.len(), HOSTILE.len());
    let server = Graticule::serve("hostile", &far.server("tr"));
    let mut client = server.client("hostile");
    client.query("select graticule.attach('tr', 'hostile', 'far')").expect("attached");
    for (n, text) in HOSTILE.iter().enumerate() {
        let sql = format!("select id, v, {0} = v from far.t where v = {0}", literal(text));
        assert_eq!(client.rows(&sql), [format!("{n}|{text}|t")], "{text:?}");
        let plan = client.rows(&format!("explain {sql}")).join("\n");
        assert!(plan.contains("Route: Pushed"), "{plan}");
        let sql = format!("select count(*) from far.t where v <> {}", literal(text));
        assert_eq!(client.rows(&sql), [(HOSTILE.len() - 1).to_string()], "{text:?}");
        client
            .simple(&format!(
                "prepare p(text) as select id from far.t where v = $1; execute p({}); deallocate p",
                literal(text)
            ))
            .expect(text);
    }
    for (n, text) in named {
        let (table, column) = (name(&format!("t {text}").to_lowercase()), name(&text.to_lowercase()));
        assert_eq!(
            client.rows(&format!("select a.{column}, a.n as {column} from far.{table} a where a.{column} = {n}")),
            [format!("{n}|{n}")],
            "{text:?}"
        );
    }
}
