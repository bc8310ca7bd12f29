"""Lexes what we quoted with sqlglot's tokenizers, which are not ours.

Standard input: a line of JSON a case, [dialect, literal, its text, identifier, its name] (an identifier may be missing). Each pair stands in
`SELECT literal , identifier x`, which must be exactly these tokens, the two quoted ones with exactly these values. Prints what is not.
"""
import json, sys
from sqlglot.dialects.dialect import Dialect

STRINGS = {"STRING", "BYTE_STRING", "NATIONAL_STRING", "RAW_STRING"}
dialects, cases, wrong = {}, 0, 0
for line in sys.stdin:
    name, literal, text, identifier, called = json.loads(line)
    dialect = dialects.setdefault(name, Dialect.get_or_raise(name))
    cases += 1
    expected = [({"SELECT"}, "SELECT"), (STRINGS, text)]
    sql = "SELECT " + literal
    if identifier is not None:
        sql += " , " + identifier + " x"
        expected += [({"COMMA"}, ","), ({"IDENTIFIER"}, called), ({"VAR"}, "x")]
    try:
        tokens = dialect.tokenize(sql)
        found = [(token.token_type.name, token.text) for token in tokens]
        comments = [comment for token in tokens for comment in token.comments]
    except Exception as error:
        found, comments = [("ERROR", str(error))], []
    same = len(found) == len(expected) and all(
        kind in kinds and value == wanted for (kind, value), (kinds, wanted) in zip(found, expected)
    )
    if not same or comments:
        wrong += 1
        if wrong <= 20:
            print(name, repr(sql), found, comments, sep="\n  ")
print(cases, "cases,", wrong, "wrong")
sys.exit(1 if wrong or not cases else 0)
