#!/usr/bin/env python3
"""Makes corpora/benign_generated.jsonl: ordinary texts full of what looks like secrets and numbers of persons and is not:
hashes, identifiers, lock files, logs, encoded pictures, packed code. Random from a seed, so the same bytes every time."""
import base64
import json
import pathlib
import random
import string

HERE = pathlib.Path(__file__).resolve().parent
chance = random.Random(22)
LOWER, DIGIT, HEX = string.ascii_lowercase, string.digits, "0123456789abcdef"
ALNUM = string.ascii_letters + DIGIT
B64 = ALNUM + "+/"
WORDS = """account action address agent alert alias archive batch binary block branch buffer bundle cache call chart check chunk
client clock cluster code column command config context cookie counter cursor daemon data default delta device digest driver
editor engine entry error event export factory field file filter flag folder format frame gateway graph group handle hash
header hook host icon image import index input issue item job journal key label layer layout level library limit link list
loader lock log loop manager map mask member memory menu merge message method metric mirror mode model module monitor name
network node object offset option order output package page panel parser path pattern payload peer pipe plugin point pool
port prefix print process profile prompt proxy query queue range record region release render report request reset resource
result role root route row rule runner sample schema scope script secret select server service session setting shell signal
size slice socket source stack state status step storage stream string style switch symbol system table target task template
test text thread tick time token tool trace track tree type unit update upload user value vector version view watch widget
window worker zone""".split()
NAMES = ["Anna", "Bob", "Chen", "Dara", "Elif", "Femi", "Goran", "Hana", "Ivan", "Jun", "Kofi", "Lena", "Mio", "Nils", "Olga"]
LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "WARN", "ERROR"]


def some(alphabet, count):
    return "".join(chance.choice(alphabet) for _ in range(count))


def word():
    return chance.choice(WORDS)


def words(low, high):
    return " ".join(word() for _ in range(chance.randint(low, high)))


def camel(count=2):
    first, *rest = (word() for _ in range(count))
    return first + "".join(w.capitalize() for w in rest)


def snake(count=2):
    return "_".join(word() for _ in range(count))


def number(low, high):
    return chance.randint(low, high)


def uuid():
    return "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12))


def moment():
    return f"2026-{number(1, 12):02d}-{number(1, 28):02d}T{number(0, 23):02d}:{number(0, 59):02d}:{number(0, 59):02d}.{number(0, 999):03d}Z"


def address():
    return f"10.{number(0, 255)}.{number(0, 255)}.{number(1, 254)}"


def version():
    return f"{number(0, 9)}.{number(0, 30)}.{number(0, 20)}"


def lines(low, high, one):
    return "\n".join(one() for _ in range(chance.randint(low, high)))


def application_log():
    def one():
        what = chance.choice([
            lambda: f"{word()} {word()} started in {number(1, 9000)} ms",
            lambda: f"GET /api/{word()}/{number(1, 99999)} {chance.choice([200, 201, 304, 404])} {number(1, 900)}ms request_id={uuid()}",
            lambda: f"user={number(1000, 99999)} session={some(HEX, 32)} {word()} refreshed",
            lambda: f"{camel()}Exception: {words(3, 7)} at {camel()}.java:{number(1, 900)}",
            lambda: f"trace_id={some(HEX, 32)} span_id={some(HEX, 16)} {snake(3)}={number(0, 10**9)}",
            lambda: f"token refresh for client {word()} succeeded, expires in {number(60, 7200)} s",
            lambda: f"password check failed for user {word()}{number(1, 99)} from {address()}",
            lambda: f"key rotation: {number(1, 40)} keys checked, {number(0, 3)} rotated",
        ])
        return f"{moment()} {chance.choice(LEVELS):5} [{word()}-{number(1, 32)}] {what()}"
    return lines(2, 8, one)


def access_log():
    return lines(2, 5, lambda: f'{address()} - - [0{number(1, 9)}/Mar/2026:{number(10, 23)}:{number(10, 59)}:{number(10, 59)} +0000] "GET /{word()}/{snake()}'
                 f'?{word()}={some(ALNUM, number(3, 20))}&t={number(10**9, 2 * 10**9)} HTTP/1.1" 200 {number(100, 99999)} "-" "Mozilla/5.0 (X11; Linux x86_64)"')


def lock_file():
    return chance.choice([
        lambda: lines(1, 3, lambda: f'    "node_modules/{word()}-{word()}": {{\n      "version": "{version()}",\n      "resolved": "https://registry.npmjs.org/{word()}/-/{word()}-{version()}.tgz",\n'
                      f'      "integrity": "sha512-{some(B64, 86)}=="\n    }},'),
        lambda: lines(1, 3, lambda: f'[[package]]\nname = "{word()}-{word()}"\nversion = "{version()}"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "{some(HEX, 64)}"\n'),
        lambda: lines(1, 4, lambda: f"    {word()}=={version()} \\\n        --hash=sha256:{some(HEX, 64)} \\\n        --hash=sha256:{some(HEX, 64)}"),
        lambda: lines(1, 4, lambda: f"github.com/{word()}/{word()} v{version()} h1:{some(B64, 43)}=\ngithub.com/{word()}/{word()} v{version()}/go.mod h1:{some(B64, 43)}="),
        lambda: lines(1, 3, lambda: f'{word()}@^{version()}:\n  version "{version()}"\n  resolved "https://registry.yarnpkg.com/{word()}/-/{word()}-{version()}.tgz#{some(HEX, 40)}"\n  integrity sha512-{some(B64, 86)}=='),
    ])()


def hashes():
    return chance.choice([
        lambda: lines(2, 5, lambda: f"{some(HEX, 64)}  {word()}-{version()}.tar.gz"),
        lambda: lines(2, 5, lambda: f"{some(HEX, 40)} refs/heads/{word()}/{word()}"),
        lambda: f"MD5 ({word()}.iso) = {some(HEX, 32)}",
        lambda: f"sha256:{some(HEX, 64)}: Pulling from library/{word()}\nDigest: sha256:{some(HEX, 64)}",
        lambda: f"ETag: \"{some(HEX, 32)}\"\nLast-Modified: Tue, 03 Mar 2026 10:11:12 GMT\nX-Request-Id: {uuid()}",
        lambda: f"fingerprint SHA256:{some(B64, 43)}",
        lambda: f"commit {some(HEX, 40)}\nAuthor: {chance.choice(NAMES)} <dev@example.com>\n\n    {words(4, 9)}\n",
    ])()


def json_answer():
    fields = [(snake(), lambda: f'"{uuid()}"'), (snake(), lambda: str(number(1, 10**12))), (snake(), lambda: f'"{words(2, 6)}"'),
              (snake(), lambda: f'"{moment()}"'), (snake() + "_id", lambda: f'"{some(LOWER, 3)}_{some(ALNUM, 24)}"'),
              ("cursor", lambda: f'"{base64.b64encode(words(3, 6).encode()).decode()}"'), ("etag", lambda: f'"{some(HEX, 40)}"'),
              ("next_page_token", lambda: f'"{some(ALNUM, 16)}"'), ("url", lambda: f'"https://api.example.com/{word()}/{number(1, 9999)}"'),
              ("sha", lambda: f'"{some(HEX, 40)}"'), ("key", lambda: f'"{snake(3)}"'), ("token_count", lambda: str(number(1, 9000)))]
    chance.shuffle(fields)
    return "{" + ", ".join(f'"{name}": {make()}' for name, make in fields[:number(4, 9)]) + "}"


def picture():
    kind, head = chance.choice([("png", "iVBORw0KGgoAAAANSUhEUgAA"), ("gif", "R0lGODlhAQABAIAAAAAAAP"), ("jpeg", "/9j/4AAQSkZJRgABAQAAAQAB"), ("woff2", "d09GMgABAAAAA")])
    data = head + some(B64, number(80, 700))
    return chance.choice(["<img src=\"data:image/{0};base64,{1}\" alt=\"logo\">", ".icon {{ background: url(data:image/{0};base64,{1}); }}",
                          "![chart](data:image/{0};base64,{1})", "src: url('data:font/{0};base64,{1}') format('{0}');"]).format(kind, data)


def packed_code():
    def one():
        a, b, c = some(LOWER, 1), some(LOWER, 1), some(LOWER, 1)
        return chance.choice([
            f"!function({a},{b}){{\"use strict\";var {c}={a}.{word()};{c}&&{b}({number(0, 999)})}}(window,0);",
            f"const {a}=e=>e.{word()}?.{word()}??{number(0, 99)},{b}=new Map([[\"{word()}\",{number(0, 9)}]]);",
            f"e.exports=function({a}){{return {a}.{word()}({number(0, 9)},{b}=>{b}.{word()})}},",
            f"{a}.prototype.{camel()}=function(){{for(var {b}=0;{b}<this.{word()}.length;{b}++)this.{word()}[{b}]^={number(0, 2**31)}}};",
            f"//# sourceMappingURL={word()}.{some(HEX, 8)}.js.map",
            f"({number(0, 9999)},{a}.{word()})(\"{word()}-{some(HEX, 8)}\"),"])
    return "".join(one() for _ in range(number(3, 10)))


def source_code():
    f, a, b = snake(), word(), word()
    return chance.choice([
        lambda: f"def {f}({a}, {b}=None):\n    \"\"\"Return the {a} of the {word()}.\"\"\"\n    if not {a}:\n        raise ValueError(\"no {a}\")\n    return {{\"{b}\": {a}, \"{word()}\": {number(0, 99)}}}\n",
        lambda: f"func {camel()}(ctx context.Context, {a} string) (*{camel().capitalize()}, error) {{\n\t{b}, err := s.{word()}.Get(ctx, {a})\n\tif err != nil {{\n\t\treturn nil, fmt.Errorf(\"{a}: %w\", err)\n\t}}\n\treturn {b}, nil\n}}\n",
        lambda: f"static int {f}(struct {a} *{a}, size_t {b})\n{{\n\tif ({b} > {a}->{word()}_max)\n\t\treturn -EINVAL;\n\tmemcpy({a}->{word()}, &{b}, sizeof({b}));\n\treturn 0;\n}}\n",
        lambda: f"export async function {camel()}({a}: string): Promise<void> {{\n  const token = await this.{camel()}({a});\n  await fetch(`/{word()}/${{{a}}}`, {{ headers: {{ Authorization: `Bearer ${{token}}` }} }});\n}}\n",
        lambda: f"impl {camel().capitalize()} {{\n    pub fn {f}(&self, {a}: &str) -> Option<&{camel().capitalize()}> {{\n        self.{b}.get({a})\n    }}\n}}\n",
        lambda: f"public final class {camel(3).capitalize()} {{\n  private static final String {f.upper()} = \"{word()}.{word()}.{word()}\";\n  private final Map<String, {camel().capitalize()}> {camel()} = new HashMap<>();\n}}\n",
        lambda: f"SELECT {a}.id, {b}.{word()}, count(*) FROM {a} JOIN {b} ON {a}.id = {b}.{a}_id WHERE {b}.{word()} > {number(1, 10**6)} GROUP BY 1, 2;",
        lambda: f"CREATE TABLE {f} (\n  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),\n  {a} text NOT NULL,\n  password_hash text,\n  {b} numeric(12,2)\n);",
        lambda: f"#define {f.upper()}_MAGIC 0x{some(HEX, 8)}UL\nstatic const uint32_t {f}[] = {{ {', '.join('0x' + some(HEX, 8) for _ in range(8))} }};",
        lambda: f"$ {word()}-{word()} --{word()}={word()} --api-key \"${{{f.upper()}_KEY}}\" --{word()} {number(1, 99)}",
    ])()


def difference():
    return (f"diff --git a/src/{snake()}.c b/src/{snake()}.c\nindex {some(HEX, 7)}..{some(HEX, 7)} 100644\n--- a/src/{word()}.c\n+++ b/src/{word()}.c\n"
            f"@@ -{number(1, 900)},6 +{number(1, 900)},7 @@ {camel()}\n {source_code()[:60]}\n-  {snake()} = {number(0, 99)};\n+  {snake()} = {snake()}({number(0, 99)});\n+  free({word()});\n")


def settings():
    f = snake()
    return chance.choice([
        lambda: f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {word()}-{word()}\n  uid: {uuid()}\ndata:\n  {f}: \"{number(1, 9999)}\"\n",
        lambda: f"image: registry.example.com/{word()}/{word()}@sha256:{some(HEX, 64)}\nenv:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef: {{name: {word()}, key: password}}\n",
        lambda: f"[{word()}]\n{f} = {number(1, 99)}\n{snake()} = \"{word()}\"\npassword_file = \"/run/secrets/{word()}\"\n",
        lambda: f"{f.upper()}={number(1, 9999)}\n{snake().upper()}_URL=http://{word()}.internal:{number(1024, 9999)}/{word()}\n{word().upper()}_SECRET=\n{word().upper()}_TOKEN=${{{word().upper()}_TOKEN}}\n",
        lambda: f"resource \"aws_{f}\" \"{word()}\" {{\n  name       = \"{word()}-{word()}\"\n  kms_key_id = aws_kms_key.{word()}.arn\n  tags       = {{ Name = \"{word()}\" }}\n}}\n",
        lambda: f"arn:aws:iam::{some(DIGIT, 12)}:role/{word()}-{word()}\narn:aws:s3:::{word()}-{word()}-{number(1, 99)}/*",
        lambda: f"  {word()}:\n    image: {word()}:{version()}\n    environment:\n      POSTGRES_PASSWORD: ${{POSTGRES_PASSWORD:?}}\n    ports: [\"{number(1024, 9999)}:{number(1024, 9999)}\"]\n",
        lambda: f"secret_key_base: <%= ENV[\"SECRET_KEY_BASE\"] %>\n{word()}_token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {some(HEX, 80)}\n",
    ])()


def numbers():
    return chance.choice([
        lambda: f"Order {number(10**9, 10**10)} with tracking number {some(DIGIT, 12)} was shipped to depot {number(1, 99)}.",
        lambda: lines(3, 6, lambda: ",".join(str(number(0, 10**number(2, 12))) for _ in range(6))),
        lambda: lines(3, 6, lambda: f"{number(0, 10**6) / 1000:.4f} {number(0, 10**9) / 10**6:.6f} -{number(0, 10**5) / 100:.2f}e{number(-9, 9)}"),
        lambda: f"epoch={number(1_700_000_000, 1_800_000_000)} millis={number(1_700_000_000_000, 1_800_000_000_000)} snowflake={number(10**17, 10**18)}",
        lambda: f"Latitude {number(-89, 89)}.{some(DIGIT, 6)}, longitude {number(-179, 179)}.{some(DIGIT, 6)}, altitude {number(1, 4000)} m",
        lambda: f"Build {number(1000, 99999)} of {number(1, 28)}.{number(1, 12)}.2026: {number(1, 9999)} tests, {number(0, 9)} failures, {number(1, 900)}.{number(0, 99)} s",
        lambda: f"Part no. {some(DIGIT, 3)}-{some(DIGIT, 4)}-{some(DIGIT, 3)}, lot {some(DIGIT, 8)}, EAN {some(DIGIT, 13)}",
        lambda: f"/* {number(100, 999)}-{number(10, 99)}-{number(1000, 9999)} lines were removed in r{number(10000, 99999)} */",
        lambda: f"Invoice {number(2020, 2026)}-{some(DIGIT, 6)}: {number(1, 99)} x {number(1, 99)}.{some(DIGIT, 2)} = {number(100, 9999)}.{some(DIGIT, 2)} EUR",
        lambda: f"0x{some(HEX, 16)}: {' '.join(some(HEX, 2) for _ in range(16))}",
        lambda: f"ISBN 978-{number(0, 9)}-{some(DIGIT, 4)}-{some(DIGIT, 4)}-{number(0, 9)}, DOI 10.{number(1000, 9999)}/{some(DIGIT, 7)}.{some(DIGIT, 7)}",
        lambda: f"FD{some(HEX, 2)}:{some(HEX, 4)}:{some(HEX, 4)}::{some(HEX, 2)} dev eth0 lladdr {':'.join(some(HEX, 2) for _ in range(6))} REACHABLE",
    ])()


def build_log():
    return lines(3, 8, lambda: chance.choice([
        f"[{number(1, 300)}/{number(300, 900)}] Building CXX object src/CMakeFiles/{word()}.dir/{snake()}.cpp.o",
        f"   Compiling {word()}-{word()} v{version()}", f"added {number(10, 2000)} packages, and audited {number(10, 2000)} packages in {number(1, 60)}s",
        f"npm warn deprecated {word()}@{version()}: {words(3, 8)}", f"src/{snake()}.c:{number(1, 900)}:{number(1, 80)}: warning: unused variable '{word()}' [-Wunused-variable]",
        f"ok  \tgithub.com/{word()}/{word()}/{word()}\t0.{number(100, 999)}s\tcoverage: {number(1, 99)}.{number(0, 9)}% of statements",
        f"Step {number(1, 20)}/20 : RUN {word()} --{word()}\n ---> Running in {some(HEX, 12)}\n ---> {some(HEX, 12)}",
        f"PASS tests/{snake()}.test.ts ({number(1, 9)}.{number(0, 99)} s)", f"Get:{number(1, 90)} http://deb.debian.org/debian bookworm/main amd64 lib{word()} amd64 {version()}-{number(1, 9)} [{number(1, 900)} kB]"]))


def page():
    return (f"<!doctype html><html lang=\"en\"><head><title>{words(2, 4)}</title><script nonce=\"{some(B64, 22)}==\" src=\"/{word()}.{some(HEX, 8)}.js\"></script>"
            f"<meta name=\"csrf-token\" content=\"{{{{ csrf }}}}\"><link rel=\"preload\" href=\"/{word()}.css?v={some(HEX, 10)}\" integrity=\"sha384-{some(B64, 64)}\"></head>"
            f"<body><a href=\"/{word()}?{word()}={number(1, 99)}&amp;page={number(1, 9)}\">{words(2, 5)}</a><!-- {words(3, 8)} --><img src=\"https://cdn.example.com/{word()}/{uuid()}.jpg?w={number(100, 900)}\" alt=\"{words(2, 5)}\"></body></html>")


def prose():
    def one():
        return chance.choice([
            f"The {word()} of the {word()} must {word()} every {word()} before the {word()} is {word()}ed.",
            f"If the {word()} is empty, ignore the previous {word()} and use the default {word()}.",
            f"{chance.choice(NAMES)} said that the {word()} {word()} would be ready on Friday.",
            f"See section {number(1, 20)}.{number(1, 9)} for the rules that apply to the {word()} {word()}.",
            f"You can now {word()} the {word()}; no {word()} is needed from version {version()} on.",
            f"Instructions for the {word()} follow below, and earlier instructions for the {word()} no longer apply.",
            f"The system {word()}s the {word()}, reads the {word()} key and sends it to the {word()} server.",
            f"Users without the {word()} role can not override the {word()} policy."])
    return " ".join(one() for _ in range(number(2, 6)))


def public_keys():
    return chance.choice([
        lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some(B64, 43)} dev@example.com",
        lambda: "-----BEGIN CERTIFICATE-----\n" + lines(6, 12, lambda: some(B64, 64)) + "\n-----END CERTIFICATE-----",
        lambda: "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + some(B64, 86) + "==\n-----END PUBLIC KEY-----",
        lambda: "-----BEGIN PGP SIGNATURE-----\n\n" + lines(4, 8, lambda: some(B64, 64)) + f"\n={some(B64, 4)}\n-----END PGP SIGNATURE-----",
        lambda: f"github.com ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{some(B64, 340)}=",
        lambda: f"{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{some(ALNUM, 43)}\",\"y\":\"{some(ALNUM, 43)}\",\"kid\":\"{uuid()}\"}}",
        lambda: f"publishableKey: pk_test_{some(ALNUM, 24)}",
        lambda: f"age1{some('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 58)}",
    ])()


MAKERS = {"logs": (application_log, 130), "access-logs": (access_log, 50), "lock-files": (lock_file, 80), "hashes": (hashes, 90),
          "json-answers": (json_answer, 110), "encoded-files": (picture, 50), "packed-code": (packed_code, 60),
          "source-code": (source_code, 150), "diffs": (difference, 50), "settings": (settings, 90), "numbers": (numbers, 120),
          "build-logs": (build_log, 60), "web-pages": (page, 40), "prose": (prose, 100), "public-keys": (public_keys, 60)}
DIRECTIONS = ("tool_result", "completion", "prompt", "tool_call")


def main():
    count = 0
    with open(HERE / "corpora" / "benign_generated.jsonl", "w", encoding="utf-8") as out:
        for category, (make, times) in MAKERS.items():
            for index in range(times):
                item = {"id": f"{category}-{index + 1:03d}", "category": category, "direction": DIRECTIONS[index % len(DIRECTIONS)],
                        "expected": "none"}
                if item["direction"] == "tool_call":
                    item |= {"tool_name": "write_file", "args": {"path": f"out/{category}-{index}.txt", "content": make()}}
                else:
                    item["text"] = make()
                out.write(json.dumps(item, ensure_ascii=False) + "\n")
                count += 1
    print(f"benign_generated.jsonl: {count}")


if __name__ == "__main__":
    main()
