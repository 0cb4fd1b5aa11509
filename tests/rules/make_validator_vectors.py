#!/usr/bin/env python3
"""Writes tests/vectors/guardrail/validators.txt: what the model of the validators accepts and refuses.

    make_validator_vectors.py [FILE]

Seeds are the examples of the default pack, numbers that are drawn until the model accepts them, and the texts below;
each is also changed a little. The same seed of the random numbers gives the same file. A line is

    validator TAB accept or refuse TAB match TAB text before it

with back-slash escapes; ~~ splits what scanners would take for a credential and is removed before use.
"""
import base64
import hashlib
import os
import random
import string
import sys

sys.dont_write_bytecode = True
import check_pack  # noqa: E402
import validators  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "vectors", "guardrail", "validators.txt")
RANDOM = random.Random(20240607)

# Forms of numbers: 9 is a digit, A a letter, anything else itself. Drawn until accepted.
FORMS = {
    "luhn": ["9999 9999 9999 9999", "999999999", "99999999999999999999999999999999999"],
    "card": ["4999-9999-9999-9999", "5999999999999999", "379999999999999", "4999999999999", "6999999999999999999"],
    "track": ["%B4999999999999999^DOE/JOHN^2512101", ";5999999999999999=2512101?"],
    "ssn": ["999-99-9999", "999 99 9999", "999999999"], "aba": ["999999999"], "nhs": ["999 999 9999", "9999999999"],
    "steuer_id": ["99 999 999 999", "99999999999"], "nir": ["1 99 12 75 999 999 99", "2 85 05 2A 999 999 99", "185012B99999999"],
    "dni": ["99999999A", "X9999999A", "Y-9999999-A", "Z9999999A"], "bsn": ["999999999", "9999.99.999"],
    "codice_fiscale": ["AAAAAA99A99A999A"], "be_rrn": ["99.99.99-999.99"], "pesel": ["99999999999"],
    "personnummer": ["999999-9999", "19999999-9999", "199999999999"], "no_fnr": ["999999 99999"],
    "hetu": ["999999-999A", "999999A9999", "999999+999A", "999999Y999A"], "ahv": ["756.9999.9999.99"],
    "pt_nif": ["999 999 999"], "tckn": ["99999999999"], "cpf": ["999.999.999-99"], "cnpj": ["99.999.999/9999-99"],
    "cuit": ["99-99999999-9"], "rut": ["99.999.999-9", "9.999.999-K"], "curp": ["AAAA999999HAAAAA99", "AAAA999999MAAÑAAA9", "AAAA999999HAAAAAA9"],
    "verhoeff": ["9999 9999 9999"], "cn_id": ["999999199912999X", "999999199901019999", "99999920001299999X", "999999198806159999"],
    "my_number": ["9999 9999 9999"], "rrn": ["999999-9999999", "880615-2999999"], "tw_id": ["A199999999", "A299999999"],
    "hkid": ["A999999(9)", "AA999999(9)", "A999999A"], "nric": ["S9999999A", "T9999999A", "F9999999A", "G9999999A", "M9999999A"],
    "tfn": ["999 999 999"], "medicare": ["2999 99999 9", "49999999999"], "za_id": ["9999999999099", "9999999999199"],
    "dea": ["AA9999999", "B99999999"], "vin": ["1AA9A9A99AA999999", "AAAAAAAAXA9999999"],
}

TOKENS = ["gl-k3Lm9xVt4RbW8cNs2Yd6", "sk-EXAMPLEk3Lm9xVt4RbW8", "your_token_here", "abcdefghijklmnop", "0123456789abcdef",
          "aaaaaaaabbbb", "deadbeefdeadbeefdeadbeef", "deadbeefdeadbeefdeadbee", "abcabcabc", "abcabcab", "short", "", "--------",
          "key=********", "key=12345678********", "Xxxxx-yes", "todo_list", "insert_k3Lm9xVt4RbW8", "abcdefghi9", "abcdefghij",
          "k3Lm9xVt4RbW8cNs2Yd6\nk3Lm9xVt4RbW8cNs2Yd6", "k3Lm\n\n\n\n\n\n\n\n\n9xVt4RbW8", "replaceMe", "Change-Me-now", "12121212", "1212121"]
VALUES = ["api_key = 'k3Lm9xVt4RbW8cNs2Yd6';", 'password: "Tr0ub4dor&3x"', "token=process.env.TOKEN1", "secret=my-api-key-1",
          "secret=my-api-key-123", "x=/usr/lib/a1", "x=//cdn1", "x=a..b1", 'k: "a1b2c3d4e5f6g7h8"', "pw=hunter2hunter2", "key=a", "key=",
          "P@ssw0rd1!", "pass = Sommer2024!", "pass = sommer2024", "pwd: 'Qx7!Lm2#Kd9';", "pwd: Qx7Lm2Kd9Vb4", "pwd=aaaAAA111", "pwd=Test1234!x",
          "pwd=config.value1X", "pwd=my_Value1", "pwd=get(X1)ab", "pwd=a->B1cdefg", "pwd=Ab1" + "x9Z" * 26, "pwd=Ab1" + "x9Zq" * 19 + "r",
          "pwd=Ab1::defgh", "pwd=" + "aB3$kLmn"[:8], "pwd=abcdefgH", "pwd=12345678", "v=abab1", "  v = ab==", "=", "'\"", "(`k3Lm9xVt`)"]
USERINFO = ["https://deploy:k3Lm9xVt4R@git.corp.io", "https://user:password@git.corp.io", "postgres://a:b3Kx9@localhost", "mysql://a:b3Kx9@db.test",
            "mysql://a:b3Kx9@db.example.com", "mysql://a:b3Kx9@dbtest.com", "redis://:k3Lm9xVt4R@cache.prod", "x://u:u@h.io", "x://u:aaab@h.io",
            "x://u:${PASS}9k@h.io", "x://u:MyPassword@h.io", "x://u:mymypassword@h.io", "x://u:**secret**@h.io", "x://u:k3Lm@9xVt@h.io", "x://u@h.io",
            "x://u:k3Lm9x", "u:k3Lm9x@h.io", "x://u:k3Lm9x@HOST", "x://u:k3Lm9x@hosts", "x://u:k3Lm9x@127.0.0.1", "x://u:k3Lm9x@[::1]", "x://u:k3Lm9x@a.local.net",
            "x://u:k3Lm9x@a.local.de", "x://u:k3Lm9x@example.de", "x://u:k3Lm9x@my.localhost", "x://u:k3:Lm9x@h.io", "x://u:changeme1@h.io", "x://u:k3Lm9x@", "x://u:k3Lm9x@test.org"]
SEED = "witch collapse practice feed shame open despair creek road again ice least"


def verdict(kind, match, before):
    try:
        return bool(validators.accepts(kind, match, before, len(before), len(before)) if kind != "card_context"
                    else validators.card_context(match, before, len(before)))
    except (ValueError, IndexError, KeyError, AttributeError):
        return False


def basic(text, strip=0):
    value = base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()
    return "Authorization: Basic " + (value[:-strip] if strip else value)


def jwt(head, body="eyJhIjoxfQ", strip="="):
    return base64.urlsafe_b64encode(head.encode()).decode().rstrip(strip) + "." + body + ".c2lnbmF0dXJlLXRleHQ"


def base58(raw):
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = validators.BASE58[rest] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def letters(count):
    return "".join(RANDOM.choice(string.ascii_letters + string.digits + "+/") for _ in range(count))


def pem(body, begin="-----BEGIN PRIVATE KEY-----", end="-----END PRIVATE KEY-----", line="\n"):
    return line.join([begin] + body + ([end] if end else []))


def mrz():
    def checked(text):
        return text + validators.mrz_digit(text)
    number = "".join(RANDOM.choice("ABCXYZ0123456789<") for _ in range(9))
    line = checked(number) + "UTO" + checked("740812") + "F" + checked("301231") + "ZE184226B<<<<<10"
    return "P<UTOERIKSSON<<ANNA<MARIA" + "<" * 19 + "\n" + line


def draw(form):
    return "".join(RANDOM.choice("0123456789") if c == "9" else RANDOM.choice(string.ascii_uppercase) if c == "A" else c for c in form)


def changed(text):
    """The text with one digit or letter replaced by another, two neighbours swapped, one dropped or one doubled."""
    places = [i for i, c in enumerate(text) if c.isascii() and c.isalnum()]
    for _ in range(3):
        i = RANDOM.choice(places)
        pool = string.digits if text[i].isdigit() else string.ascii_uppercase if text[i].isupper() else string.ascii_lowercase
        yield text[:i] + RANDOM.choice(pool.replace(text[i], "")) + text[i + 1:]
    i = RANDOM.choice(places)
    yield text[:i] + text[i + 1:]
    yield text[:i] + text[i] + text[i:]
    i = RANDOM.randrange(len(text) - 1)
    yield text[:i] + text[i + 1] + text[i] + text[i + 2:]


def seeds():
    for kind, forms in FORMS.items():
        for form in forms:
            for _ in range(2):
                for _ in range(200000):
                    text = draw(form)
                    if verdict(kind, text, ""):
                        break
                yield kind, text, "", True
            for digit in "0159":
                yield kind, form.replace("9", digit), "", False
        yield kind, "", "", False
        yield kind, "7", "", False
        yield kind, "no number", "", False
    for country, length in validators.IBAN_LENGTHS.items():
        body = "".join(RANDOM.choice("0123456789") for _ in range(length - 4))
        text = next(t for t in (country + "%02d" % n + body for n in range(2, 99)) if validators.iban(t))
        yield "iban", text, "", False
        yield "iban", text[:-1], "", False
    yield "iban", "GB29 NWBK 6016 1331 9268 19", "", True
    yield "iban", "mt84 malt 0110 0001 2345 mtlc ast0 01s", "", True
    for text in sorted(validators.CARD_TEST_NUMBERS) + ["4242 4242 4242 4242", "3782-822463-10005"]:
        yield "card", text, "", False
    for text in ("123-45-6789", "078-05-1120", "219-09-9999", "987-65-4321", "900-12-3456", "899-12-3456", "123-00-4567", "123-45-0000"):
        yield "ssn", text, "", False
    for before in ("", "my card number is ", "order ", "cards: ", "discard ", "cardinal ", "Master Card\n", "VISA", "kreditkarte ", "карта ", "卡号:", "PAN=",
                   "panel ", "card" + " " * 92, "card" + " " * 93, "american express: ", "cc:", "acc:", "cc7"):
        yield "card_context", "4539148803436467", before, False
        yield "card_context", "4539 1488 0343 6467", before, False
    for text in TOKENS + VALUES:
        for kind in ("token", "mixed", "password_like", {"entropy": 3.0}, {"entropy": 3.5}, {"entropy": 1.0}, {"entropy": 4.0}):
            yield kind, text, "", False
    for text in ("abcdefgh", "aabbccddeeffgghh", "abcabcabcdefdefdef", "aaabbbcccdddeeefffggghhh"):
        yield {"entropy": 3.0}, text, "", False
    for text in USERINFO:
        yield "userinfo", text, "", False
    for text in ("svc-deploy:k3Lm9xVt4R", "Aladdin:open sesame", "user:k3Lm9xVt4R", "a:b", "a:bcd", "a:bcde", "admin:password", "nocolonhere", ":k3Lm9xVt4R",
                 "jörg:schlüssel9", "tab\t:k3Lm9x", "a:k3:Lm9x", b"\xff\xfe:k3Lm9xVt4R", "x:changeme", "a\x85b:k3Lm9x"):
        for strip in (0, 1, 2):
            yield "basic", basic(text, strip), "", False
    for text in ("Basic ", "Basic ====", "Basic c3ZjOmszTG05eA====", "Basic c3Zj-mszTG05eA"):
        yield "basic", text, "", False
    for head in ('{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"none"}', '{"kid":"k1","enc":"A128GCM"}', '{"x":1,"alg":"RS256"}', '{"xalg":1}', '{""alg":1}', '{"alg'):
        yield "jwt", jwt(head), "", False
        yield "jwt", "x" + jwt(head)[:-3], "", False
        yield "jwt", jwt(head, "eyJzdWIiOiIxMjM0NTY3ODkwIn0"), "", False
        yield "jwt", jwt(head)[:RANDOM.randrange(20, 30)], "", False
    yield "jwt", "abc", "", False
    for line in ("\n", "\r\n", "\\n", "\\r\\n", " "):
        yield "pem", pem([letters(64), letters(64), letters(20)], line=line), "", False
        yield "pem", pem([letters(64) for _ in range(9)] + [letters(23)], end="", line=line), "", False
        yield "pem", pem([letters(60) for _ in range(10)], end="", line=line), "", False
    for body in ([letters(31)], [letters(32)], ["A" * 64], [letters(30) + "EXAMPLE" + letters(30)], ["EXAMP", letters(40)], ["EEXAMPLE", letters(40)],
                 [letters(12), letters(12), letters(12)], ["ABCDEFGHIJK" * 3], ["ABCDEFGHIJKL" * 3]):
        yield "pem", pem(body), "", False
        yield "pem", pem(body, end=""), "", False
        yield "pem", pem(body, begin="------BEGIN X-----"), "", False
    for text in ("AKIA" + "K3LM9XVT4RBW8CNS", "ASIA" + "K3LM9XVT4RBW8CNS", "AIDA" + "K3LM9XVT4RBW8CNS", "AROA" + "K3LM9XVT4RBW8CNS", "AKI",
                 "akiak3lm9xvt4rbw8cns"):
        yield "aws_key", text, "", False
    words = SEED.split()
    for count in range(10, 26):
        yield "seed_phrase", "seed phrase: " + " ".join((words * 3)[:count]), "", False
        yield "seed_phrase", "mnemonic=\\\"" + " ".join(words + [w + "er" for w in words] + ["zoo"])[:400].split(" ", count)[0], "", False
        yield "seed_phrase", "mnemonic = \\\"" + " ".join((words + [w + "er" for w in words] + ["zoo"])[:count]), "", False
    yield "seed_phrase", "phrase: " + " ".join(words[:11] + [words[0]]), "", False
    yield "seed_phrase", "phrase: " + " ".join(words[:10] + [words[0], words[0]]), "", False
    yield "seed_phrase", "phrase: " + " ".join(words[:11] + ["the"]), "", False
    yield "seed_phrase", SEED, "", False
    for size in (1, 4, 20, 21, 33, 34, 74, 78):
        yield "base58check", base58(bytes([128] + [RANDOM.randrange(256) for _ in range(size - 1)])), "", True
        yield "base58check", "to: " + base58(bytes(RANDOM.randrange(1, 4)) + bytes(RANDOM.randrange(256) for _ in range(size))), "", False
    for text in ("", "1", "1111", "11111", "0OIl", base58(b""), base58(bytes(20))):
        yield "base58check", text, "", False
    for _ in range(6):
        yield "mrz", mrz(), "", True
    yield "mrz", mrz().lower() + "\n", "", False
    yield "mrz", mrz()[:-8], "", False
    for text in ("ssn,name\n1,2", "ssn,email\n1,2", "ssn;email\n1;2\n", "SSN,\"E-mail\"\n1,2", "first name,last-name\nA,B", "first name,last-name\nA,B\nC,D",
                 "first_name\tmrn\tx\nA\tB\n", "first_name\tmrn\tx\nA\tB\tC", "ssn,dob\n1,", "ssn,dob,x\n1,,2", "ssn,dob\n1,2,3", "ssn,dob\r\n1,2\r\n", "ssn,dob",
                 "", "\n", "x\n\n\n", " \"SSN\" , Date-of birth \n\n1,2", "ssn;dob,x\n1;2", "ssn,dob\n\n , \n", "lastname,lastname\na,b\n\nc,d"):
        yield "csv_bulk", text, "", False


def examples():
    rules, _ = check_pack.load(check_pack.DEFAULT_PACK)
    for rule in rules:
        spec = rule.data.get("validator")
        kinds = list(spec) if isinstance(spec, list) else [spec] if spec else []
        kinds += [rule.data["demote_unless"]["validator"]] if "demote_unless" in rule.data else []
        if not kinds or (kinds == ["token"] and RANDOM.random() > 0.1):
            continue
        for text in rule.data["examples"]["match"] + rule.data["examples"]["near_miss"]:
            text = check_pack.unmark(text)
            for m in rule.regex.finditer(text):
                for kind in kinds:
                    yield kind, m.group(), text[:m.start()][-96:], kind in ("csv_bulk", "userinfo")


def escaped(text):
    out = "".join(chr(b) if 32 <= b < 127 and b != 92 else {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}.get(b, "\\x%02x" % b)
                  for b in text.encode())
    return out


def marked(text):
    """Split where scanners begin to look: every run of letters and digits in two."""
    return "".join(c + "~~" if i % 16 == 3 and i + 1 < len(text) else c for i, c in enumerate(text))


def main():
    cases = {}
    for kind, match, before, change in list(seeds()) + list(examples()):
        name = "entropy:%s" % kind["entropy"] if isinstance(kind, dict) else kind
        texts = [match] + (list(changed(match)) if change and len(match) > 1 else [])
        for text in texts:
            assert "~~" not in text
            cases[(name, text, before)] = verdict(kind, text, before)
    out = sys.argv[1] if len(sys.argv) > 1 else OUT
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="ascii") as f:
        f.write("# Written by tests/rules/make_validator_vectors.py: validator, verdict, match, text before it.\n")
        for (name, text, before), good in cases.items():
            shown = "~~".join(escaped(part) for part in marked(text).split("~~"))
            f.write("%s\t%s\t%s\t%s\n" % (name, "accept" if good else "refuse", shown, escaped(before)))
    kinds = {}
    for (name, _, _), good in cases.items():
        kinds.setdefault(name, [0, 0])[good] += 1
    for name, (refused, accepted) in sorted(kinds.items()):
        print("%-16s %4d accepted %4d refused%s" % (name, accepted, refused, "" if refused and accepted else "  <--"))
    missing = [n for n in validators.PLAIN if n not in kinds]
    print("%d cases; without any: %s" % (len(cases), missing or "none"))


if __name__ == "__main__":
    main()
