#!/usr/bin/env python3
"""Makes corpora/leaks.jsonl: credentials and personal data in the places where they leak.

The credentials are random characters in the published form of each kind, the numbers of persons are random with right
check digits; nobody ever owned any of them. `~~` splits each, for the scanners that guard repositories; quality_test.py
takes it out. The same bytes come out whenever this runs.
"""
import base64
import json
import pathlib
import random
import string
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rules"))
import validators  # noqa: E402

LOWER, UPPER, DIGIT = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM, HEX, B64 = LOWER + UPPER + DIGIT, "0123456789abcdef", LOWER + UPPER + DIGIT + "+/"
URL64 = ALNUM + "_-"
chance = random.Random(20)


def some(alphabet, count):
    return "".join(chance.choice(alphabet) for _ in range(count))


def uuid():
    return "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12))


def b64url(value):
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def jwt():
    claims = json.dumps({"sub": some(DIGIT, 10), "exp": 1790000000})
    return ".".join((b64url('{"alg":"RS256","typ":"JWT"}'), b64url(claims), some(URL64, 86)))


# What a kind is called where it stands, and how one is made. The name matters where the value alone has no mark.
CREDENTIALS = {
    "credential-cloud": [
        ("AWS_ACCESS_KEY_ID", lambda: "AKIA" + some(UPPER + "234567", 16)),
        ("AWS_SECRET_ACCESS_KEY", lambda: some(B64, 40)),
        ("GOOGLE_API_KEY", lambda: "AIza" + some(URL64, 35)),
        ("GOOGLE_CLIENT_SECRET", lambda: "GOCSPX-" + some(URL64, 28)),
        ("google_access_token", lambda: "ya29.a0" + some(URL64, 120)),
        ("AZURE_STORAGE", lambda: "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=" + some(B64, 86) + "=="),
        ("AZURE_CLIENT_SECRET", lambda: some(ALNUM, 3) + "8Q~" + some(ALNUM + "_-.~", 34)),
        ("DIGITALOCEAN_TOKEN", lambda: "dop_v1_" + some(HEX, 64)),
        ("CLOUDFLARE_API_TOKEN", lambda: some(URL64, 40)),
        ("HEROKU_API_KEY", uuid),
        ("VAULT_TOKEN", lambda: "hvs." + some(URL64, 95)),
        ("TF_API_TOKEN", lambda: some(ALNUM, 14) + ".atlasv1." + some(ALNUM, 64)),
        ("FLY_API_TOKEN", lambda: "FlyV1 fm2_lJPE" + some(B64, 120)),
        ("LINODE_TOKEN", lambda: some(HEX, 64)),
        ("ALIBABA_ACCESS_KEY", lambda: "LTAI5t" + some(ALNUM, 18)),
        ("SUPABASE_TOKEN", lambda: "sbp_" + some(HEX, 40)),
        ("DATABRICKS_TOKEN", lambda: "dapi" + some(HEX, 32)),
        ("DOPPLER_TOKEN", lambda: "dp.pt." + some(ALNUM, 43)),
        ("PULUMI_ACCESS_TOKEN", lambda: "pul-" + some(HEX, 40)),
        ("PLANETSCALE_PASSWORD", lambda: "pscale_pw_" + some(ALNUM, 43)),
    ],
    "credential-code": [
        ("GITHUB_TOKEN", lambda: "ghp_" + some(ALNUM, 36)),
        ("GH_PAT", lambda: "github_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59)),
        ("GITHUB_APP_TOKEN", lambda: "ghs_" + some(ALNUM, 36)),
        ("GITLAB_TOKEN", lambda: "glpat-" + some(URL64, 20)),
        ("NPM_TOKEN", lambda: "npm_" + some(ALNUM, 36)),
        ("PYPI_TOKEN", lambda: "pypi-AgEIcHlwaS5vcmc" + some(URL64, 70)),
        ("RUBYGEMS_API_KEY", lambda: "rubygems_" + some(HEX, 48)),
        ("DOCKER_PAT", lambda: "dckr_pat_" + some(URL64, 27)),
        ("SENTRY_AUTH_TOKEN", lambda: "sntryu_" + some(HEX, 64)),
        ("SONAR_TOKEN", lambda: "sqp_" + some(HEX, 40)),
        ("BUILDKITE_TOKEN", lambda: "bkua_" + some(HEX, 40)),
        ("BITBUCKET_APP_PASSWORD", lambda: "ATBB" + some(ALNUM, 24) + some("0123456789ABCDEF", 8)),
        ("JFROG_API_KEY", lambda: "AKCp" + some(ALNUM, 69)),
        ("CARGO_REGISTRY_TOKEN", lambda: "cio" + some(ALNUM, 32)),
        ("POSTMAN_API_KEY", lambda: "PMAK-" + some(HEX, 24) + "-" + some(HEX, 34)),
    ],
    "credential-ai": [
        ("OPENAI_API_KEY", lambda: "sk-proj-" + some(URL64, 74) + "T3BlbkFJ" + some(URL64, 74)),
        ("OPENAI_KEY", lambda: "sk-" + some(ALNUM, 20) + "T3BlbkFJ" + some(ALNUM, 20)),
        ("ANTHROPIC_API_KEY", lambda: "sk-ant-api03-" + some(URL64, 93) + "AA"),
        ("HF_TOKEN", lambda: "hf_" + some(LOWER + UPPER, 34)),
        ("GROQ_API_KEY", lambda: "gsk_" + some(ALNUM, 52)),
        ("REPLICATE_API_TOKEN", lambda: "r8_" + some(ALNUM, 37)),
        ("PERPLEXITY_API_KEY", lambda: "pplx-" + some(ALNUM, 48)),
        ("XAI_API_KEY", lambda: "xai-" + some(ALNUM, 80)),
        ("OPENROUTER_API_KEY", lambda: "sk-or-v1-" + some(HEX, 64)),
        ("DEEPSEEK_API_KEY", lambda: "sk-" + some(HEX, 32)),
        ("COHERE_API_KEY", lambda: some(ALNUM, 40)),
        ("MISTRAL_API_KEY", lambda: some(ALNUM, 32)),
        ("NVIDIA_API_KEY", lambda: "nvapi-" + some(URL64, 64)),
        ("LANGSMITH_API_KEY", lambda: "lsv2_pt_" + some(HEX, 32) + "_" + some(HEX, 10)),
        ("TAVILY_API_KEY", lambda: "tvly-" + some(ALNUM, 32)),
    ],
    "credential-chat": [
        ("SLACK_BOT_TOKEN", lambda: f"xoxb-{some(DIGIT, 12)}-{some(DIGIT, 13)}-{some(ALNUM, 24)}"),
        ("SLACK_WEBHOOK", lambda: f"https://hooks.slack.com/services/T{some(UPPER + DIGIT, 10)}/B{some(UPPER + DIGIT, 10)}/{some(ALNUM, 24)}"),
        ("SLACK_APP_TOKEN", lambda: f"xapp-1-A{some(UPPER + DIGIT, 10)}-{some(DIGIT, 13)}-{some(HEX, 64)}"),
        ("DISCORD_TOKEN", lambda: "MT" + some(ALNUM, 24) + "." + some(ALNUM, 6) + "." + some(URL64, 38)),
        ("DISCORD_WEBHOOK", lambda: f"https://discord.com/api/webhooks/{some(DIGIT, 19)}/{some(URL64, 68)}"),
        ("TELEGRAM_BOT_TOKEN", lambda: f"{some('123456789', 10)}:AA{some(URL64, 33)}"),
        ("TEAMS_WEBHOOK", lambda: f"https://acme.webhook.office.com/webhookb2/{uuid()}@{uuid()}/IncomingWebhook/{some(HEX, 32)}/{uuid()}"),
        ("TWILIO_AUTH_TOKEN", lambda: some(HEX, 32)),
        ("SENDGRID_API_KEY", lambda: f"SG.{some(URL64, 22)}.{some(URL64, 43)}"),
        ("MAILGUN_API_KEY", lambda: f"key-{some(HEX, 32)}"),
        ("MAILCHIMP_API_KEY", lambda: some(HEX, 32) + "-us12"),
    ],
    "credential-payment": [
        ("STRIPE_SECRET_KEY", lambda: "sk_live_" + some(ALNUM, 24)),
        ("STRIPE_RESTRICTED", lambda: "rk_live_" + some(ALNUM, 99)),
        ("STRIPE_WEBHOOK_SECRET", lambda: "whsec_" + some(ALNUM, 32)),
        ("SQUARE_TOKEN", lambda: "EAAA" + some(URL64, 60)),
        ("SHOPIFY_TOKEN", lambda: "shpat_" + some(HEX, 32)),
        ("PAYSTACK_SECRET", lambda: "sk_live_" + some(HEX, 40)),
        ("RAZORPAY_KEY", lambda: "rzp_live_" + some(ALNUM, 14)),
        ("FLUTTERWAVE_SECRET", lambda: "FLWSECK-" + some(HEX, 32) + "-X"),
        ("BRAINTREE_TOKEN", lambda: f"access_token$production${some(LOWER + DIGIT, 16)}${some(HEX, 32)}"),
    ],
    "credential-saas": [
        ("ATLASSIAN_TOKEN", lambda: "ATATT3xFfGF0" + some(URL64, 180) + "=" + some("0123456789ABCDEF", 8)),
        ("NOTION_TOKEN", lambda: "ntn_" + some(DIGIT, 11) + some(ALNUM, 35)),
        ("LINEAR_API_KEY", lambda: "lin_api_" + some(ALNUM, 40)),
        ("AIRTABLE_PAT", lambda: "pat" + some(ALNUM, 14) + "." + some(HEX, 64)),
        ("DATADOG_API_KEY", lambda: some(HEX, 32)),
        ("NEW_RELIC_KEY", lambda: "NRAK-" + some(UPPER + DIGIT, 27)),
        ("GRAFANA_TOKEN", lambda: "glsa_" + some(ALNUM, 32) + "_" + some(HEX, 8)),
        ("HUBSPOT_TOKEN", lambda: "pat-na1-" + uuid()),
        ("FIGMA_TOKEN", lambda: "figd_" + some(URL64, 40)),
        ("OKTA_TOKEN", lambda: "00" + some(URL64, 40)),
        ("ONEPASSWORD_TOKEN", lambda: "ops_eyJ" + some(ALNUM, 250)),
        ("AGE_KEY", lambda: "AGE-SECRET-KEY-1" + some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    ],
    "credential-generic": [
        ("private key", lambda: "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(some(B64, 64) for _ in range(6)) + "\n-----END RSA PRIVATE KEY-----"),
        ("ssh key", lambda: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU" + some(B64, 38) + "\n" + some(B64, 70) + "\n-----END OPENSSH PRIVATE KEY-----"),
        ("id_token", jwt),
        ("DATABASE_URL", lambda: f"postgres://app:{some(ALNUM, 18)}@db.internal.acme.io:5432/app"),
        ("MONGO_URI", lambda: f"mongodb+srv://svc:{some(ALNUM, 16)}@cluster0.ab1cd.mongodb.net/prod"),
        ("REDIS_URL", lambda: f"redis://:{some(ALNUM, 24)}@cache.acme.io:6379/0"),
        ("AMQP_URL", lambda: f"amqp://worker:{some(ALNUM, 20)}@mq.acme.io:5672/"),
        ("remote", lambda: f"https://deploy:{some(ALNUM, 20)}@git.acme.io/team/app.git"),
        ("DB_PASSWORD", lambda: some(LOWER, 4) + some(UPPER, 4) + some(DIGIT, 4) + "!" + some(ALNUM, 3)),
        ("client_secret", lambda: some(ALNUM, 40)),
        ("SECRET_KEY", lambda: some(HEX, 64)),
        ("authorization", lambda: "Bearer " + some(URL64, 48)),
        ("Authorization", lambda: "Basic " + base64.b64encode(f"svc-deploy:{some(ALNUM, 18)}".encode()).decode()),
    ],
}

PLACES = [
    lambda n, s: f"{n}={s}",
    lambda n, s: f"# production\nLOG_LEVEL=info\n{n}='{s}'\nPORT=8080\n",
    lambda n, s: f"services:\n  app:\n    environment:\n      {n}: \"{s}\"\n      TZ: UTC\n",
    lambda n, s: json.dumps({"host": "10.0.3.7", n: s, "retries": 3}),
    lambda n, s: f"2026-03-02T10:11:12Z INFO boot configuration loaded {n}={s} region=eu-west-1",
    lambda n, s: f"import os\n\nclient = connect(\n    {n} = \"{s}\",\n    timeout=30,\n)\n",
    lambda n, s: f"Sure! Here is what I found in the settings: {n} is {s} and it was last used on Monday.",
    lambda n, s: f"-  {n}: old\n+  {n}: {s}\n",
    lambda n, s: f"export {n}={s} && make deploy",
    lambda n, s: f"| name | value |\n| --- | --- |\n| {n} | {s} |\n",
    lambda n, s: f"$ printenv {n}\n{s}\n",
    lambda n, s: f"const {n} = '{s}';\nmodule.exports = {{ {n} }};\n",
]
HEADER_PLACES = [
    lambda n, s: f"curl -H '{n}: {s}' https://api.acme.io/v1/items",
    lambda n, s: f"> GET /v1/items HTTP/1.1\n> Host: api.acme.io\n> {n}: {s}\n> Accept: */*\n",
    lambda n, s: f"fetch(url, {{ headers: {{ '{n}': '{s}' }} }})",
]
DIRECTIONS = ("completion", "tool_result", "completion", "tool_call", "prompt")


def valid(validator, make):
    while True:
        text = make()
        if validators.accepts(validator, text, text, 0, len(text)):
            return text


def date(form, first=1950, last=2004):
    y, m, d = chance.randint(first, last), chance.randint(1, 12), chance.randint(1, 28)
    return form.format(y=y, yy=y % 100, m=m, d=d)


def grouped(text, *sizes, by=" "):
    out, at = [], 0
    for size in sizes:
        out.append(text[at:at + size])
        at += size
    return by.join(out)


def iban(country, body):
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    return f"{country}{98 - number % 97:02d}{body}"


def card(prefix, size):
    return valid("luhn", lambda: prefix + some(DIGIT, size - len(prefix)))


PERSONAL = [
    ("US", ["My SSN is {}.", "Employee record: Jane Roe, social security number {}, hired 2019.", '{{"name":"J. Roe","ssn":"{}"}}'],
     lambda: valid("ssn", lambda: grouped(some(DIGIT, 9), 3, 2, 4, by="-"))),
    ("card", ["Please charge my Visa card {} for the order.", "card_number: {}, exp 11/29", "customer paid with credit card {}"],
     lambda: grouped(card("4", 16), 4, 4, 4, 4)),
    ("card", ["The MasterCard is {}.", "payment card number={}"], lambda: card("53", 16)),
    ("card", ["amex {} cvv 1234"], lambda: grouped(card("37", 15), 4, 6, 5)),
    ("DE", ["Bitte überweisen Sie auf IBAN {}.", "iban: {}"], lambda: grouped(iban("DE", some(DIGIT, 18)), 4, 4, 4, 4, 4, 2)),
    ("DE", ["Steuer-ID: {}", "Die Steueridentifikationsnummer lautet {}."], lambda: valid("steuer_id", lambda: some(DIGIT, 11))),
    ("GB", ["The IBAN for the refund: {}"], lambda: iban("GB", "NWBK" + some(DIGIT, 14))),
    ("GB", ["National Insurance number: {}", "NI number {} on the payslip"], lambda: "AB" + some(DIGIT, 6) + "C"),
    ("GB", ["NHS number: {}", "patient with NHS no. {} was admitted"], lambda: valid("nhs", lambda: grouped(some(DIGIT, 10), 3, 3, 4))),
    ("FR", ["Numéro de sécurité sociale : {}", "NIR: {}"],
     lambda: valid("nir", lambda: chance.choice("12") + date("{yy:02d}{m:02d}") + some("123456789", 2) + some(DIGIT, 8))),
    ("ES", ["Mi DNI es {}.", "DNI: {}"], lambda: valid("dni", lambda: some(DIGIT, 8) + chance.choice(UPPER))),
    ("IT", ["Codice fiscale: {}", "CF del cliente {}"],
     lambda: valid("codice_fiscale", lambda: some("BCDFGLMNPRST", 6) + date("{yy:02d}") + chance.choice("ABCDEHLMPRST") + date("{d:02d}") + "H501" + chance.choice(UPPER))),
    ("NL", ["BSN: {}", "Burgerservicenummer {}"], lambda: valid("bsn", lambda: some(DIGIT, 9))),
    ("BE", ["Rijksregisternummer: {}"],
     lambda: (lambda b: f"{b[:2]}.{b[2:4]}.{b[4:6]}-{b[6:]}.{97 - int(b) % 97:02d}")(date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + some(DIGIT, 3))),
    ("PL", ["PESEL: {}", "numer PESEL {}"], lambda: valid("pesel", lambda: date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + some(DIGIT, 5))),
    ("SE", ["Personnummer: {}"], lambda: valid("personnummer", lambda: date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + "-" + some(DIGIT, 4))),
    ("NO", ["Fødselsnummer: {}"], lambda: valid("no_fnr", lambda: date("{d:02d}{m:02d}{yy:02d}", 1950, 1999) + some(DIGIT, 5))),
    ("FI", ["Henkilötunnus: {}"], lambda: valid("hetu", lambda: date("{d:02d}{m:02d}{yy:02d}", 1950, 1999) + "-" + some(DIGIT, 3) + chance.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"))),
    ("CH", ["AHV-Nummer: {}"], lambda: valid("ahv", lambda: "756." + grouped(some(DIGIT, 10), 4, 4, 2, by="."))),
    ("PT", ["NIF: {}"], lambda: valid("pt_nif", lambda: "2" + some(DIGIT, 8))),
    ("TR", ["TC Kimlik No: {}"], lambda: valid("tckn", lambda: chance.choice("123456789") + some(DIGIT, 10))),
    ("BR", ["CPF: {}", "meu CPF é {}"], lambda: valid("cpf", lambda: (lambda t: f"{t[:3]}.{t[3:6]}.{t[6:9]}-{t[9:]}")(some(DIGIT, 11)))),
    ("AR", ["CUIT: {}"], lambda: valid("cuit", lambda: "20-" + some(DIGIT, 8) + "-" + some(DIGIT, 1))),
    ("CL", ["RUT: {}"], lambda: valid("rut", lambda: (lambda t: f"{t[:2]}.{t[2:5]}.{t[5:8]}-{t[8]}")(chance.choice("12") + some(DIGIT, 8)))),
    ("MX", ["CURP: {}"], lambda: valid("curp", lambda: "R" + some("AEIOU", 1) + some("BCDFG", 2) + date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + "HDF" + some("BCDFGLMNP", 3) + "0" + some(DIGIT, 1))),
    ("IN", ["Aadhaar: {}", "my aadhaar number is {}"], lambda: valid("verhoeff", lambda: grouped(some("23456789", 1) + some(DIGIT, 11), 4, 4, 4))),
    ("IN", ["PAN: {}", "PAN card {}"], lambda: some(UPPER, 3) + "P" + some(UPPER, 1) + some(DIGIT, 4) + some(UPPER, 1)),
    ("CN", ["身份证号：{}", "我的身份证号码是{}。"], lambda: valid("cn_id", lambda: "110105" + date("{y}{m:02d}{d:02d}") + some(DIGIT, 3) + some(DIGIT + "X", 1))),
    ("JP", ["マイナンバー：{}"], lambda: valid("my_number", lambda: some(DIGIT, 12))),
    ("KR", ["주민등록번호: {}"], lambda: valid("rrn", lambda: date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + "-1" + some(DIGIT, 6))),
    ("TW", ["身分證字號：{}"], lambda: valid("tw_id", lambda: chance.choice(UPPER) + chance.choice("12") + some(DIGIT, 8))),
    ("HK", ["HKID: {}"], lambda: valid("hkid", lambda: chance.choice(UPPER) + some(DIGIT, 6) + "(" + some(DIGIT + "A", 1) + ")")),
    ("SG", ["NRIC: {}"], lambda: valid("nric", lambda: chance.choice("ST") + some(DIGIT, 7) + chance.choice(UPPER))),
    ("AU", ["My tax file number is {}.", "TFN: {}"], lambda: valid("tfn", lambda: grouped(some(DIGIT, 9), 3, 3, 3))),
    ("AU", ["Medicare number: {}"], lambda: valid("medicare", lambda: chance.choice("23456") + some(DIGIT, 9))),
    ("ZA", ["South African ID number: {}"], lambda: valid("za_id", lambda: date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + some(DIGIT, 4) + "08" + some(DIGIT, 1))),
    ("passport", ["Passport:\n{}"],
     lambda: valid("mrz", lambda: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n" + some(UPPER, 1) + some(DIGIT, 8) + some(DIGIT, 1) + "UTO" + date("{yy:02d}{m:02d}{d:02d}", 1950, 1999) + some(DIGIT, 1) + "F310101" + some(DIGIT, 1) + "<<<<<<<<<<<<<<<0")),
    ("bank", ["Routing number {} for the wire"], lambda: valid("aba", lambda: "02" + some(DIGIT, 7))),
    ("health", ["DEA number: {}"], lambda: valid("dea", lambda: "B" + some(UPPER, 1) + some(DIGIT, 7))),
]


def split(text):
    """The marker behind the third character of every line long enough to be a secret."""
    return "\n".join(line[:3] + "~~" + line[3:] if len(line) > 8 else line for line in text.split("\n"))


def main():
    lines = []

    def add(category, name, text, secret, inner):
        item = {"id": f"{category}-{sum(l['category'] == category for l in lines) + 1:03d}", "category": category, "kind": name,
                "direction": DIRECTIONS[len(lines) % len(DIRECTIONS)], "expected": "redact", "text": text, "secret": secret}
        if item["direction"] == "tool_call":
            item["tool_name"] = "write_file"
            item["args"] = {"path": "notes.txt", "content": item.pop("text")}
        lines.append(item)

    turn = 0
    for category, kinds in CREDENTIALS.items():
        for name, make in kinds:
            places = HEADER_PLACES if name.lower() == "authorization" else PLACES
            for _ in range(3):
                secret = make()
                # The part that must not leave: of addresses the password, of phrases the last word.
                inner = secret.split("://")[-1].split("@")[0].split(":")[-1] if "://" in secret and "@" in secret else secret
                if "webhook" in secret or "hooks" in secret:
                    inner = secret
                marked = secret.replace(inner, split(inner))
                multi = "\n" in secret
                place = (lambda n, s: f"{n}:\n{s}\n") if multi else places[turn % len(places)]
                turn += 1
                add(category, name, place(name, marked), split(inner.split(" ")[-1]) if not multi else split(inner), inner)
    for country, sentences, make in PERSONAL:
        for sentence in sentences:
            for _ in range(2):
                secret = make()
                add("personal-data", country, sentence.format(split(secret)), split(secret), secret)
    with open(HERE / "corpora" / "leaks.jsonl", "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"leaks.jsonl: {len(lines)}")


if __name__ == "__main__":
    main()
