"""The validators of the rule packs, as FORMAT.md defines them: the model against which the library's own are checked.

Each takes the matched text and answers whether it is what the rule is looking for. Separators in numbers (space, dash,
dot, slash) do not count.
"""
import base64
import hashlib
import math
import re
from datetime import date

PLACEHOLDERS = ("example", "placeholder", "changeme", "change_me", "change-me", "replace_me", "replaceme", "your_",
                "your-", "yourtoken", "token_here", "key_here", "dummy", "fake_", "notreal", "not_a_real", "redacted",
                "insert_", "xxxxx", "sample_", "todo_")
CARD_TEST_NUMBERS = {"4111111111111111", "4242424242424242", "4000000000000002", "5555555555554444",
                     "378282246310005", "6011111111111117"}
IBAN_LENGTHS = {"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
                "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
                "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
                "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
                "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
                "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
                "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25,
                "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20}


def digits(text):
    return [int(c) for c in text if c in "0123456789"]


def alnum(text):
    return "".join(c for c in text if c.isascii() and c.isalnum())


def entropy(text):
    if not text:
        return 0.0
    return -sum(n / len(text) * math.log2(n / len(text)) for n in (text.count(c) for c in set(text)))


def value_of(text):
    """The secret part: the last run without quote, space, or `= : > (` after trailing quotes, spaces and `;,)=`."""
    trimmed = text.rstrip("\"'` \t\r\n;,)=\\")
    cut = max(trimmed.rfind(c) for c in "\"'` \t=:>(")
    return trimmed[cut + 1:]


def weighted(ds, weights):
    return sum(d * w for d, w in zip(ds, weights))


def luhn_sum(ds):
    total = 0
    for index, d in enumerate(reversed(ds)):
        if index % 2:
            d = d * 2 - 9 if d > 4 else d * 2
        total += d
    return total


def luhn(text):
    ds = digits(text)
    return len(set(ds)) > 1 and luhn_sum(ds) % 10 == 0


def card(text):
    ds = digits(text)
    if len(ds) == 16 and ds[4:8] == ds[8:12] == ds[12:]:
        return False  # columns of a table
    return 13 <= len(ds) <= 19 and luhn(text) and "".join(map(str, ds)) not in CARD_TEST_NUMBERS


def token(text):
    low = text.lower()
    if any(word in low for word in PLACEHOLDERS):
        return False
    run = max(re.findall(r"[A-Za-z0-9]+", text), key=len, default="")
    if len(run) < 8:
        return True
    if re.search(r"(.)\1{7}", text):
        return False
    step = 0
    for a, b in zip(run, run[1:]):
        step = step + 1 if ord(b) - ord(a) == 1 else 0
        if step >= 9:
            return False
    for unit in range(1, 9):
        if len(run) >= unit * 3 and all(run[i] == run[i % unit] for i in range(len(run))):
            return False
    return True


def mixed(text):
    """A value that looks made by a machine: a digit and a letter, no path, call, variable or sentence."""
    value = value_of(text)
    parts = re.split(r"[-_.]", value)
    if len(parts) > 1 and all(re.fullmatch(r"[A-Za-z]*[0-9]{0,2}", p) for p in parts):
        return False
    return (any(c.isdigit() for c in value) and any(c.isalpha() for c in value) and token(value)
            and not re.search(r"[(){}<>$\[\]*]|//|\.\.|\\", value))


def ssn(text):
    ds = "".join(map(str, digits(text)))
    return (len(ds) == 9 and ds[:3] not in ("000", "666") and ds[0] != "9" and ds[3:5] != "00" and ds[5:] != "0000"
            and len(set(ds)) > 1 and ds not in ("123456789", "078051120", "219099999", "987654321"))


def iban(text):
    s = alnum(text).upper()
    if IBAN_LENGTHS.get(s[:2]) != len(s):
        return False
    return int("".join(str(int(c, 36)) for c in s[4:] + s[:4])) % 97 == 1


def nhs(text):
    ds = digits(text)
    check = 11 - weighted(ds[:9], range(10, 1, -1)) % 11
    return len(ds) == 10 and len(set(ds)) > 1 and check != 10 and check % 11 == ds[9]


def iso7064_11_10(ds):
    product = 10
    for d in ds[:-1]:
        product = (product + d) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10 == ds[-1]


def steuer_id(text):
    ds = digits(text)
    if len(ds) != 11 or ds[0] == 0:
        return False
    counts = sorted((ds[:10].count(d) for d in set(ds[:10])), reverse=True)
    return counts[0] in (2, 3) and sum(1 for c in counts if c > 1) == 1 and iso7064_11_10(ds)


def nir(text):
    s = alnum(text).upper().replace("2A", "19").replace("2B", "18")
    return len(s) == 15 and s.isdigit() and len(set(s)) > 1 and (97 - int(s[:13]) % 97) == int(s[13:])


def dni(text):
    s = alnum(text).upper()
    s = {"X": "0", "Y": "1", "Z": "2"}.get(s[0], s[0]) + s[1:]
    return len(s) == 9 and s[:8].isdigit() and len(set(s[:8])) > 1 and "TRWAGMYFPDXBNJZSQVHLCKE"[int(s[:8]) % 23] == s[8]


def codice_fiscale(text):
    s = alnum(text).upper()
    if len(s) != 16:
        return False
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for index, c in enumerate(s[:15]):
        value = int(c) if c.isdigit() else ord(c) - 65
        total += odd[value] if index % 2 == 0 else value
    return chr(65 + total % 26) == s[15]


def bsn(text):
    ds = digits(text)
    return len(ds) == 9 and len(set(ds)) > 1 and (weighted(ds[:8], range(9, 1, -1)) - ds[8]) % 11 == 0


def pesel(text):
    ds = digits(text)
    return (len(ds) == 11 and len(set(ds)) > 1 and (10 - weighted(ds[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == ds[10]
            and 1 <= (ds[2] % 2 * 10 + ds[3]) <= 12 and 1 <= ds[4] * 10 + ds[5] <= 31)


def personnummer(text):
    ds = digits(text)[-10:]
    return (len(ds) == 10 and len(set(ds)) > 1 and luhn_sum(ds) % 10 == 0 and 1 <= ds[2] * 10 + ds[3] <= 12
            and 1 <= (ds[4] * 10 + ds[5]) % 60 <= 31)


def cpf(text):
    ds = digits(text)
    if len(ds) != 11 or len(set(ds)) == 1:
        return False
    return all(weighted(ds[:n], range(n + 1, 1, -1)) * 10 % 11 % 10 == ds[n] for n in (9, 10))


def cnpj(text):
    ds = digits(text)
    if len(ds) != 14 or len(set(ds)) == 1:
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for n in (12, 13):
        rest = weighted(ds[:n], weights[13 - n:]) % 11
        if (0 if rest < 2 else 11 - rest) != ds[n]:
            return False
    return True


VERHOEFF_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
              [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
              [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
              [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
VERHOEFF_P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
              [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
              [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]


def verhoeff(text):
    c = 0
    for index, d in enumerate(reversed(digits(text))):
        c = VERHOEFF_D[c][VERHOEFF_P[index % 8][d]]
    return c == 0 and len(set(digits(text))) > 1


def valid_date(year, month, day):
    try:
        date(year, month, day)
        return 1850 <= year <= 2100
    except ValueError:
        return False


def cn_id(text):
    s = alnum(text).upper()
    if len(s) != 18 or not s[:17].isdigit() or not valid_date(int(s[6:10]), int(s[10:12]), int(s[12:14])):
        return False
    rest = weighted(digits(s[:17]), (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11
    return "10X98765432"[rest] == s[17]


def my_number(text):
    ds = digits(text)
    rest = weighted(ds[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return len(ds) == 12 and len(set(ds)) > 1 and (0 if rest <= 1 else 11 - rest) == ds[11]


def rrn(text):
    """Since October 2020 the last digits are random, so only the date and the century digit are checked."""
    ds = digits(text)
    if len(ds) != 13 or len(set(ds)) == 1:
        return False
    century = {1: 1900, 2: 1900, 5: 1900, 6: 1900, 3: 2000, 4: 2000, 7: 2000, 8: 2000, 9: 1800, 0: 1800}[ds[6]]
    return valid_date(century + ds[0] * 10 + ds[1], ds[2] * 10 + ds[3], ds[4] * 10 + ds[5])


def tfn(text):
    ds = digits(text)
    return len(ds) == 9 and len(set(ds)) > 1 and weighted(ds, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def medicare(text):
    ds = digits(text)
    return len(ds) in (10, 11) and len(set(ds)) > 1 and 2 <= ds[0] <= 6 and weighted(ds[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == ds[8]


def za_id(text):
    ds = digits(text)
    return (len(ds) == 13 and luhn_sum(ds) % 10 == 0 and 1 <= ds[2] * 10 + ds[3] <= 12 and 1 <= ds[4] * 10 + ds[5] <= 31
            and ds[10] < 2 and len(set(ds)) > 1)


def nric(text):
    s = alnum(text).upper()
    if len(s) != 9 or not s[1:8].isdigit() or len(set(s[1:8])) == 1:
        return False
    total = weighted(digits(s[1:8]), (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(s[0], 0)
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}[s[0]]
    return (table[10 - total % 11] if s[0] == "M" else table[total % 11]) == s[8]


def ahv(text):
    ds = digits(text)
    return len(ds) == 13 and len(set(ds)) > 1 and (10 - weighted(ds[:12], (1, 3) * 6) % 10) % 10 == ds[12]


def be_rrn(text):
    ds = "".join(map(str, digits(text)))
    return len(ds) == 11 and len(set(ds)) > 1 and any(97 - int(p + ds[:9]) % 97 == int(ds[9:]) for p in ("", "2"))


def no_fnr(text):
    ds = digits(text)
    return (len(ds) == 11 and weighted(ds, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
            and weighted(ds, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0 and len(set(ds)) > 1)


def hetu(text):
    m = re.search(r"(\d{6})[-+A-FU-Y](\d{3})([0-9A-Y])", text)
    return bool(m) and len(set(m.group(1) + m.group(2))) > 1 and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(m.group(1) + m.group(2)) % 31] == m.group(3)


def pt_nif(text):
    ds = digits(text)
    rest = weighted(ds[:8], range(9, 1, -1)) % 11
    return len(ds) == 9 and len(set(ds)) > 1 and (0 if rest < 2 else 11 - rest) == ds[8]


def tckn(text):
    ds = digits(text)
    return (len(ds) == 11 and ds[0] != 0 and len(set(ds)) > 1 and (sum(ds[0:9:2]) * 7 - sum(ds[1:8:2])) % 10 == ds[9]
            and sum(ds[:10]) % 10 == ds[10])


def tw_id(text):
    s = alnum(text).upper()
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(s[0]) + 10
    return len(s) == 10 and s[1:].isdigit() and len(set(s[1:])) > 1 and (code // 10 + code % 10 * 9 + weighted(digits(s[1:9]), range(8, 0, -1)) + int(s[9])) % 10 == 0


def hkid(text):
    s = alnum(text).upper()
    head, body, check = (s[:-7], s[-7:-1], s[-1])
    if not head.isalpha() or len(head) > 2 or not body.isdigit() or len(set(body)) == 1:
        return False
    values = [36] if len(head) == 1 else []
    values += [ord(c) - 55 for c in head] + [int(c) for c in body]
    rest = weighted(values, range(9, 1, -1)) % 11
    return "0A987654321"[rest] == check if rest != 1 else check == "A"


def curp(text):
    s = text.strip().upper()
    alphabet = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    return len(s) == 18 and (10 - sum(alphabet.index(c) * (18 - i) for i, c in enumerate(s[:17])) % 10) % 10 == int(s[17]) \
        if s[-1:].isdigit() else False


def cuit(text):
    ds = digits(text)
    rest = 11 - weighted(ds[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return len(ds) == 11 and len(set(ds)) > 1 and {11: 0, 10: 9}.get(rest, rest) == ds[10]


def rut(text):
    s = alnum(text).upper()
    rest = 11 - sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(s[:-1]))) % 11
    return len(set(s[:-1])) > 1 and {11: "0", 10: "K"}.get(rest, str(rest)) == s[-1]


def mrz_digit(text):
    total = 0
    for index, c in enumerate(text):
        value = 0 if c == "<" else int(c, 36)
        total += value * (7, 3, 1)[index % 3]
    return str(total % 10)


def mrz(text):
    """ICAO 9303, second line: number, birth date and expiry each with their check digit (TD3 and TD2)."""
    line = text.strip().split("\n")[-1]
    return len(line) in (36, 44) and all(
        mrz_digit(line[a:b]) == line[b] for a, b in ((0, 9), (13, 19), (21, 27)))


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


WEAK = {"password", "passwd", "passw0rd", "pass", "pwd", "secret", "user", "username", "guest", "root", "admin", "test",
        "postgres", "mysql", "mypassword", "changeit", "mysecretpassword", "pw", "foo", "bar", "hunter2", "12345",
        "123456", "token", "key", "123", "1234"}
LOCAL_HOSTS = ("localhost", "127.", "0.0.0.0", "[::1", "example.", "host", "hostname", "server", "myhost", "test")


def aba(text):
    ds = digits(text)
    return len(ds) == 9 and len(set(ds)) > 2 and weighted(ds, (3, 7, 1) * 3) % 10 == 0


def dea(text):
    ds = digits(text)[-7:]
    return len(ds) == 7 and len(set(ds)) > 1 and (ds[0] + ds[2] + ds[4] + 2 * (ds[1] + ds[3] + ds[5])) % 10 == ds[6]


def vin(text):
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9)))
    ds = [int(c) if c.isdigit() else values[c] for c in text]
    return (len(ds) == 17 and any(c.isalpha() for c in text) and any(c.isdigit() for c in text)
            and "0123456789X"[weighted(ds, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)) % 11] == text[8])


def track(text):
    """The account number of a magnetic stripe track."""
    return card(re.search(r"[0-9]{13,19}", text).group())


def userinfo(text):
    """user:password@host that is more than documentation: no weak word, variable or example host."""
    rest = text.split("://", 1)[1]
    name, _, host = rest.rpartition("@")
    user, _, password = name.partition(":")
    low = host.lower()
    if any(low == h or low.startswith(h) for h in LOCAL_HOSTS[:5]) or low in LOCAL_HOSTS or re.search(
            r"(?:^|\.)(?:example|test|invalid|local|localhost)(?:\.(?:com|org|net))?$", low):
        return False
    plain = password.lower().strip("*.xX-_[]()")
    if plain in WEAK or password == user or plain in ("my" + w for w in WEAK) or len(set(password)) < 4:
        return False
    return not re.search(r"[${}<>%*\[\]()|,;]", password) and token(password)


def aws_key(text):
    """A key that signs requests; the other prefixes name users, roles and groups."""
    return text[:4] in ("AKIA", "ASIA")


def password_like(text):
    """A password somebody chose: three kinds of characters or an unmistakable mix, no code and no weak word."""
    value = value_of(text)
    low = value.lower()
    if not 8 <= len(value) <= 80 or any(w in low for w in ("password", "passwd", "secret", "12345", "test", "qwerty")):
        return False
    kinds = sum(bool(re.search(c, value)) for c in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    if re.search(r"[(){}<>$\\\[\]|]|::|->|//|^[A-Za-z_]+[._][A-Za-z_]", value) or not token(value):
        return False
    return kinds >= 3 and bool(re.search("[0-9]", value)) and entropy(value) >= 3.0


def basic(text):
    """Decodes to name:password that is no documentation sample."""
    value = re.search(r"[A-Za-z0-9+/]+=*$", text).group()
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4)).decode("utf-8")
    except ValueError:
        return False
    name, colon, password = raw.partition(":")
    return (bool(colon) and raw.isprintable() and name.lower() not in ("aladdin", "test", "user", "username")
            and password.lower() not in WEAK and len(password) >= 4 and token(password))


def seed_phrase(text):
    """Twelve to twenty-four words, hardly one twice, and none of the short words of which sentences are made."""
    words = re.split(r"[:=]\s*\\?[\"']?", text)[-1].split()
    common = {"the", "and", "with", "for", "that", "this", "are", "from", "you", "your", "was", "have", "has", "not",
              "which", "its", "can", "will", "test"}
    return len(words) in (12, 15, 18, 21, 24) and len(set(words)) >= len(words) - 1 and not common & set(words)


def base58check(text):
    s = re.findall(r"[1-9A-HJ-NP-Za-km-z]+", text)[-1]
    number = 0
    for c in s:
        number = number * 58 + BASE58.index(c)
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    raw = b"\0" * (len(s) - len(s.lstrip("1"))) + raw
    return len(raw) > 4 and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def pem(text):
    """A line of real base64 and the END line, or so much of it that the END line may be missing; no published sample."""
    body = re.sub(r"-----[A-Z ]+-----", " ", text).replace("\\r", "").replace("\\n", "\n")
    lines = re.findall(r"[A-Za-z0-9+/=]{32,}", body)
    return (any(entropy(line) >= 3.5 for line in lines) and "EXAMPLE" not in body
            and ("-----END" in text or sum(map(len, lines)) >= 600))


def jwt(text):
    """The first part decodes to a JSON object that names an algorithm."""
    part = re.search(r"eyJ[A-Za-z0-9_-]*", text).group()
    try:
        head = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return False
    return head.startswith(b"{") and b'"alg"' in head and "eyJzdWIiOiIxMjM0NTY3ODkw" not in text


SENSITIVE = {"ssn", "social_security", "social_security_number", "first_name", "firstname", "last_name", "lastname",
             "full_name", "date_of_birth", "dob", "birth_date", "passport", "passport_number", "credit_card",
             "card_number", "account_number", "iban", "phone", "phone_number", "email", "address", "salary",
             "driver_license", "tax_id", "medical_record", "mrn"}


def csv_bulk(text):
    """A header with two sensitive columns, and a data row of as many fields."""
    lines = text.strip("\n").split("\n")
    separator = "\t" if "\t" in lines[0] else ";" if ";" in lines[0] else ","
    head = [re.sub(r"[ \-]", "_", c.strip().strip('"').lower()) for c in lines[0].split(separator)]
    names = [h for h in head if h in SENSITIVE]
    rows = [line.split(separator) for line in lines[1:]]
    good = [r for r in rows if len(r) == len(head) and sum(bool(c.strip()) for c in r) >= 2]
    only_names = set(names) <= {"first_name", "firstname", "last_name", "lastname"}
    return len(names) >= 2 and len(good) >= (2 if only_names else 1)


PLAIN = {f.__name__: f for f in (
    luhn, card, token, mixed, ssn, iban, nhs, steuer_id, nir, dni, codice_fiscale, bsn, pesel, personnummer, cpf, cnpj,
    verhoeff, cn_id, my_number, rrn, tfn, medicare, za_id, nric, ahv, be_rrn, no_fnr, hetu, pt_nif, tckn, tw_id, hkid,
    curp, cuit, rut, mrz, base58check, pem, jwt, csv_bulk,
    userinfo, basic, aws_key, password_like, seed_phrase, aba, dea, vin, track)}


def known(kind):
    if isinstance(kind, dict):
        return list(kind) == ["entropy"] and isinstance(kind["entropy"], (int, float))
    return kind in PLAIN or kind == "card_context"


CARD_WORDS = re.compile(r"(?i)(?<![a-z])(?:cards?|visa|mastercard|master card|amex|american express|discover|diners|jcb|"
                        r"unionpay|maestro|cc|pan|credit|debit|cvv|cvc|expiry|exp|payment|cardholder|billing|checkout)"
                        r"(?![a-z])|\u5361\u53f7|\u4fe1\u7528\u5361|\u043a\u0430\u0440\u0442")


def card_context(match, text, begin):
    """A number in groups speaks for itself; a bare run of digits needs a word of payment in the 96 bytes before."""
    return bool(re.search(r"[ -]", match)) or bool(CARD_WORDS.search(text[max(0, begin - 96):begin]))


def accepts(kind, match, text, begin, end):
    if kind == "card_context":
        return card_context(match, text, begin)
    if isinstance(kind, dict):
        return entropy(value_of(match)) >= kind["entropy"]
    return PLAIN[kind](match)
