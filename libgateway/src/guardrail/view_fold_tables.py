#!/usr/bin/env python3
"""Writes view_fold_tables.inc: how a character looks to a reader of ASCII. Compatibility forms, diacritics and digits
come from Python's unicodedata; what only looks like a Latin letter is listed here by hand."""
import sys
import unicodedata

# Code points below are folded by table; the tags and the variation selectors of plane 14 are two lines of code.
LIMIT = 0x20000
BLOCK = 64

SAME, CHAR, SIGN, TEXT, GONE, MARK = 0, 0x0000, 0x4000, 0x8000, 0xC000, 0xC001

# "x": the letters that look like x. Capitals stand under capitals where the alphabet has both.
LOOK_ALIKE = {
    # Cyrillic, Greek
    "A": "АΑꓮᎪ𐊠Ⲁ", "a": "аαɑⲁ𝛂ᴀ∂ɐꭺⱥ", "B": "ВΒᏴꓐ𐊂ᛒⲂ", "b": "ЬьƄᏏɓƀʙᖯ", "C": "СϹᏟꓚ𐊢ⲤƇↃℭↄ", "c": "сϲⲥƈᴄꮯȼ¢",
    "D": "ᎠꓓÐĐƉᗞᗪ", "d": "ԁɖɗđðꮷᴅ₫ժ", "E": "ЕΕᎬꓰ𐊆ⵟⲈЄԐƐ∑ΣԘ", "e": "еεєҽɛәəɘǝϵⲉᴇꬲɇ℮ҿ", "F": "Ϝᖴꓝ𐊇Ƒ𐔥", "f": "ſϝƒẝꬵꞙғϯſ",
    "G": "ԌᏀᏳꓖƓǤ", "g": "ɡցƍɠǥᶃᏻԍɢ", "H": "НΗᎻꓧ𐋏ⲎҤҢԊ", "h": "һհᏂħɦԦհʜⱨҺɧ", "I": "ІΙӀꓲᛁⵏⲒƖ", "i": "іιıɩɪι⍳ӏⲓꭵϊɨї", "J": "ЈᎫꓙͿᒍɈ",
    "j": "јϳյɉʝᴊȷ", "K": "КΚᏦꓗⲔᛕҚҞҠƘԞ", "k": "кκƙᴋκⲕҝķ", "L": "ᏞꓡᒪⳐ𐐛ĿŁ", "l": "ɭʟłƚǀןᛁℓ∣ⵏӏꮮⱡ", "M": "МΜϺᎷꓟ𐊰ⲘᛖӍ", "m": "мᴍɱ₥ⲙ",
    "N": "ΝꓠⲚŊ𐔓", "n": "ոռпηɴŋƞɲπⲛꮑ", "O": "ОΟՕꓳⲞⵔ𐊒ϴӨΘƟѲØ", "o": "оοօσⲟᴏ๐೦௦ⵔөɵøѳϭ૦ഠဝ०੦໐σꬽჿ", "P": "РΡᏢꓑ𐊕ⲢҎƤ", "p": "рρϱⲣƥᴘҏ",
    "Q": "ԚⵕℚҀ", "q": "ԛզգɋҁ", "R": "ᎡᏒꓣƦᖇ", "r": "гᴦⲅʀɾɼɽꭇɍ", "S": "ЅՏᏕꓢ𐊖Ⴝ", "s": "ѕꜱʂƽꮪʃ",
    "T": "ТΤᎢꓔ𐊗ⲦҬ⊤Ƭ", "t": "тτᴛⲧŧƭҭʈ†", "U": "ՍꓴᑌՄ∪", "u": "υսʋᴜʉμ", "V": "ѴᏙꓦⴸᐯ∨Ʋ", "v": "νѵᴠ∨ⱱטꮩ",
    "W": "ԜᎳᏔꓪѠ", "w": "ԝѡωᴡɯաꮤ₩", "X": "ХΧꓫ𐊐ⲬᚷҲ", "x": "хχⲭᕁ×ҳ᙮", "Y": "ҮΥᎩꓬⲨҰϒ𐊲Ỿ", "y": "уүγʏყⲩɣұ",
    "Z": "ΖᏃꓜⲌȤƵ", "z": "ᴢʐƶȥⲍʑ", "3": "ЗзӠɜƷ", "4": "Ꮞ", "6": "Ꮾ", "8": "Ȣȣ",
    # Signs
    "/": "⁄∕╱⧸", "\\": "∖⧵⧹╲", ":": "ː∶꞉ׅ։׃", ".": "․", "|": "ǀ∣│⎪⏐❘", "<": "‹⟨〈", ">": "›⟩〉", "*": "∗⁎٭✱",
    "~": "∼⁓", "=": "═⹀", "!": "ǃⵑ", "&": "ꝸ", "^": "˄", "%": "٪⁒", "$": "＄", "_": "ˍ", ",": "‚٫", ";": ";", "#": "♯",
    "+": "᛭", "(": "❨⟮", ")": "❩⟯", "{": "❴", "}": "❵", "[": "⁅", "]": "⁆",
}
WORDS = {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ẞ": "SS", "þ": "p", "№": "No", "ʣ": "dz", "ʦ": "ts", "ʨ": "tc", "ʤ": "dz",
         "ꜳ": "aa", "ꜵ": "ao", "ꜽ": "ay", "ꝡ": "vy", "Ꜳ": "AA", "ɶ": "oe", "ᴁ": "AE", "⑊": "\\\\"}
# These fold behind an ASCII character only: East Asian text has them as signs of its own.
DASHES = "‐‑‒–—―−⁃﹘﹣－➖˗─⸺⸻"
SINGLE_QUOTES = "‘’‛′‵ʹʻʼʽˈ՚ꞌ＇❛❜"
DOUBLE_QUOTES = "“”„‟″‶＂❝❞ˮ״"
SIGNS = {**dict.fromkeys(DASHES, "-"), **dict.fromkeys(SINGLE_QUOTES, "'"), **dict.fromkeys(DOUBLE_QUOTES, '"'),
         "\u3000": " ", "…": "...", "‥": "..", "⋯": "...", "`": "`", "´": "'", "ˋ": "`", "ˊ": "'", "。": ".", "、": ",", "「": '"', "」": '"',
         "｡": ".", "·": ".", "•": "*", "《": "<", "》": ">", "【": "[", "】": "]", "〔": "[", "〕": "]", "«": '"', "»": '"', "؟": "?", "；": ";",
         "¦": "|", "⸗": "=", "〜": "~", "¿": "?", "¡": "!", "゠": "=", "╱": "/", "─": "-", "│": "|", "═": "=", "╲": "\\"}
SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u2800\u180e"
LINES = "\u0085\u2028\u2029"
# Default_Ignorable_Code_Point, with what else leaves no trace: annotation anchors, musical controls.
IGNORABLE = [(0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180D), (0x180F, 0x180F),
             (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
             (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0x80, 0x84), (0x86, 0x9F)]
# Marks of no script in particular, and those made for Latin and Cyrillic.
GENERIC_MARKS = [(0x300, 0x34E), (0x350, 0x36F), (0x483, 0x489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
                 (0xFE20, 0xFE2F), (0xE47, 0xE47)]


def inside(ranges, c):
    return any(first <= c <= last for first, last in ranges)


def printable(text):
    return 0 < len(text) <= 8 and all(" " <= c <= "~" for c in text)


def by_hand():
    table = {}
    for letter, others in LOOK_ALIKE.items():
        for other in unicodedata.normalize("NFC", others):
            if ord(other) >= 0x80:
                table[other] = letter
    table.update(WORDS)
    # Letters in a box or a disc, and the halves of flags.
    for i in range(26):
        for first in (0x1F150, 0x1F170, 0x1F1E6):
            table[chr(first + i)] = chr(65 + i)
        table[chr(0x249C + i)] = table[chr(0x1F110 + i)] = chr(97 + i)  # otherwise "(a)"
    for i in range(10):
        for first in (0x2776, 0x2780, 0x278A):
            table[chr(first + i)] = str(i + 1)
    for i in range(9):
        table[chr(0x24F5 + i)] = str(i + 1)
        table[chr(0x2488 + i)] = table[chr(0x2474 + i)] = str(i + 1)  # otherwise "1." and "(1)"
    for c in range(0x80, LIMIT):
        name = unicodedata.name(chr(c), "")
        if name.startswith("LATIN LETTER SMALL CAPITAL ") and len(name) == len("LATIN LETTER SMALL CAPITAL ") + 1:
            table[chr(c)] = name[-1].lower()
        elif name.startswith(("LATIN SMALL LETTER ", "LATIN CAPITAL LETTER ")) and " WITH " in name:
            letter = name.split(" WITH ")[0].split(" LETTER ")[1]
            if len(letter) == 1:
                table.setdefault(chr(c), letter if "CAPITAL" in name.split(" WITH ")[0] else letter.lower())
    return table


def fold(c, hand):
    """SAME, or what is shown: (kind, text)."""
    char = chr(c)
    category = unicodedata.category(char)
    if inside(IGNORABLE, c):
        return GONE, ""
    if char in LINES:
        return CHAR, "\n"
    if char in SPACES:
        return CHAR, " "
    if inside(GENERIC_MARKS, c):
        return GONE, ""
    if category in ("Mn", "Me"):
        return MARK, ""
    if char in SIGNS:
        return SIGN, SIGNS[char]
    if char in hand:
        return CHAR, hand[char]
    if category == "Nd":
        return CHAR, str(unicodedata.decimal(char))
    text = unicodedata.normalize("NFKD", char)
    bare = "".join(d for d in text if unicodedata.category(d) not in ("Mn", "Me"))
    shown = "".join(d if d < "\x80" else hand.get(d, SIGNS.get(d, d)) for d in bare)
    if not printable(shown) or not shown.strip():
        return SAME, ""
    # Full-width and small forms of signs are punctuation; letters and digits always fold.
    if 0xFE10 <= c <= 0xFF65 and not shown.isalnum():
        return SIGN, shown
    return CHAR, shown


def rows(values, per_line, form):
    for i in range(0, len(values), per_line):
        yield "    " + " ".join(form(v) + "," for v in values[i:i + per_line])


def main():
    hand = by_hand()
    texts = []
    entries = [0] * 0x80
    for c in range(0x80, LIMIT):
        if 0xD800 <= c < 0xE000:
            entries.append(SAME)
            continue
        kind, text = fold(c, hand)
        if kind in (GONE, MARK) or not text:
            entries.append(kind)
        elif len(text) == 1:
            entries.append(kind | ord(text))
        else:
            if (kind, text) not in texts:
                texts.append((kind, text))
            entries.append(TEXT | texts.index((kind, text)))
    blocks, stages = [], []
    for at in range(0, LIMIT, BLOCK):
        block = tuple(entries[at:at + BLOCK])
        if block not in blocks:
            blocks.append(block)
        stages.append(blocks.index(block))
    out = [f"// Made by view_fold_tables.py from Unicode {unicodedata.unidata_version}; not edited by hand.", "",
           f"constexpr char32_t fold_limit = {LIMIT:#x};", f"constexpr std::size_t fold_block_size = {BLOCK};", "",
           "constexpr std::uint16_t fold_stage1[] = {"]
    out += rows(stages, 24, str)
    out += ["};", "", "// In the order of `fold_stage1`: 0, or a kind (the upper two bits) and its value.",
            "constexpr std::uint16_t fold_stage2[] = {"]
    out += rows([e for block in blocks for e in block], 16, lambda v: f"{v:#x}" if v else "0")
    out += ["};", "", "constexpr FoldText fold_texts[] = {"]

    def quoted(entry):
        text = entry[1].replace("\\", "\\\\").replace('"', '\\"')
        return f'{{"{text}", {len(entry[1])}, {"true" if entry[0] == SIGN else "false"}}}'

    out += rows(texts, 6, quoted)
    out += ["};"]
    with open(sys.argv[1] if len(sys.argv) > 1 else "view_fold_tables.inc", "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")
    count = sum(1 for e in entries if e)
    print(f"{count} characters, {len(blocks)} blocks, {2 * len(stages) + 2 * BLOCK * len(blocks) + 10 * len(texts)} bytes, {len(texts)} texts")


main()
