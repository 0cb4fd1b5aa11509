// What commands write, as far as the text tells: echo, printf, cat, tee, base64 -d and the like.
#include "core/text.h"
#include "guardrail/shell_reader.h"

namespace gw::guardrail::shell {

namespace {

bool has_letter(std::span<const Word> words, std::string_view letters) {
    return std::any_of(words.begin(), words.end(), [&](const Word& word) {
        return word.text.size() > 1 && word.text[0] == '-' && word.text[1] != '-' &&
               word.text.find_first_of(letters) != std::string_view::npos;
    });
}

bool has_word(std::span<const Word> words, std::string_view text) {
    return std::any_of(words.begin(), words.end(), [&](const Word& word) { return word.text == text; });
}

// Base64 of either alphabet, without regard to white space and to what is missing at the end.
void decode_base64(std::string_view text, std::pmr::string& out) {
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        std::uint32_t value = 0;
        if (c >= 'A' && c <= 'Z')
            value = static_cast<std::uint32_t>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            value = static_cast<std::uint32_t>(c - 'a') + 26;
        else if (is_digit(c))
            value = static_cast<std::uint32_t>(c - '0') + 52;
        else if (c == '+' || c == '-')
            value = 62;
        else if (c == '/' || c == '_')
            value = 63;
        else
            continue;
        bits = (bits << 6U) | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out.push_back(static_cast<char>((bits >> count) & 0xFFU));
    }
}

void decode_hex(std::string_view text, std::pmr::string& out) {
    int high = -1;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0) continue;
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<char>(high * 16 + digit));
            high = -1;
        }
    }
}

// The escapes of echo -e and printf. Bytes that were escaped lead back to the whole escape.
void append_unescaped(const Text& text, TextBuilder& out) {
    const std::string_view bytes = text.bytes;
    std::size_t run = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        if (bytes[i] != '\\') continue;
        const std::size_t begin = i;
        const char kind = bytes[i + 1];
        int base = 0;
        std::size_t at = i + 2;
        std::size_t digits = 0;
        char c = '\0';
        switch (kind) {
        case 'n': c = '\n'; break;
        case 't': c = '\t'; break;
        case 'r': c = '\r'; break;
        case 'e': c = '\x1b'; break;
        case '\\': c = '\\'; break;
        case '"': c = '"'; break;
        case 'x': base = 16, digits = 2; break;
        default:
            if (kind < '0' || kind > '7') continue;
            base = 8;
            digits = kind == '0' ? 3 : 2;
            c = kind == '0' ? '\0' : static_cast<char>(kind - '0');
        }
        for (int value = static_cast<unsigned char>(c); digits > 0 && at < bytes.size(); --digits, ++at) {
            const int digit = hex_value(bytes[at]);
            if (digit < 0 || digit >= base) break;
            value = value * base + digit;
            c = static_cast<char>(value);
        }
        out.append(text, run, begin);
        out.append(std::string_view(&c, 1), text.source(begin, at), false);
        run = at;
        i = at - 1;
    }
    out.append(text, run, bytes.size());
}

}  // namespace

std::uint32_t Reader::make_channel() {
    channels_.emplace_back(scratch_);
    facts_.channels = static_cast<std::uint32_t>(channels_.size());
    return facts_.channels - 1;
}

std::optional<Text> Reader::text_of(std::uint32_t channel) {
    if (channel == none || !channels_[channel].known) return std::nullopt;
    if (!state_.afford(channels_[channel].text.size())) return std::nullopt;
    return channels_[channel].text.store(arena_);
}

void Reader::flow(std::uint32_t from, std::uint32_t to, Flow::Kind kind, bool code) {
    facts_.flows.push_back({from, to, kind, code});
}

void Reader::emit(const Streams& streams, const Text& text) {
    if (streams.out() == none) return;
    Channel& channel = channels_[streams.out()];
    if (!channel.known) return;
    if (state_.afford(text.bytes.size()))
        channel.text.append(text);
    else
        channel.known = false;
}

void Reader::emit_unknown(const Streams& streams) {
    if (streams.out() != none) channels_[streams.out()].known = false;
}

void Reader::output(const Call& call) {
    if (call.streams.out() == none) return;
    TextBuilder out(scratch_);
    if (write_known(call, out))
        emit(call.streams, out.view());
    else
        emit_unknown(call.streams);
}

// False when it is not known what the command writes.
bool Reader::write_known(const Call& call, TextBuilder& out) {
    static constexpr std::string_view silent =
        ": true cd pushd export declare typeset local readonly unset set shift alias unalias trap exec test [ [[ (( "
        "sleep mkdir touch chmod rm";
    const std::string_view program = call.program;
    const auto arguments = call.arguments();
    if (listed(silent, program)) return true;
    // What echo adds itself leads back to the end of the word before it.
    const auto end_of = [&](std::size_t word) { return Span{call.words[word].span.end, call.words[word].span.end}; };
    if (program == "echo") {
        std::size_t first = 0;
        bool escapes = false;
        bool newline = true;
        for (; first < arguments.size(); ++first) {
            const std::string_view text = arguments[first].text;
            if (text.size() < 2 || text[0] != '-' || text.find_first_not_of("neE", 1) != std::string_view::npos) break;
            escapes = escapes || text.find('e') != std::string_view::npos;
            newline = newline && text.find('n') == std::string_view::npos;
        }
        for (std::size_t i = first; i < arguments.size(); ++i) {
            if (arguments[i].unresolved) return false;
            if (i != first) out.append(" ", end_of(i), false);
            if (escapes)
                append_unescaped(call.fields[i + 1].text, out);
            else
                out.append(call.fields[i + 1].text);
        }
        if (newline) out.append("\n", end_of(arguments.size()), false);
        return true;
    }
    if (program == "printf") {
        if (arguments.empty() || arguments[0].unresolved || arguments[0].text == "-v") return false;
        TextBuilder format_builder(scratch_);
        append_unescaped(call.fields[1].text, format_builder);
        const Text format = format_builder.view();
        std::size_t next = 1;
        do {
            const std::size_t before = next;
            if (!state_.afford(format.bytes.size())) return false;
            for (std::size_t i = 0; i < format.bytes.size(); ++i) {
                const std::size_t percent = std::min(format.bytes.find('%', i), format.bytes.size());
                out.append(format, i, percent);
                i = percent + 1;
                if (percent + 1 >= format.bytes.size()) break;
                const char kind = format.bytes[i];
                if (kind == '%') {
                    out.append("%", format.source(percent, i + 1), false);
                } else if (kind == 's' || kind == 'b' || kind == 'd') {
                    if (next >= arguments.size()) continue;
                    if (arguments[next].unresolved) return false;
                    const Text& text = call.fields[++next].text;
                    if (kind == 'b')
                        append_unescaped(text, out);
                    else
                        out.append(text);
                } else {
                    return false;
                }
            }
            if (next == before) break;  // the format takes no arguments
        } while (next < arguments.size());
        return true;
    }
    // Filters: of the input, or of one file that the text wrote.
    const bool decodes64 =
        (program == "base64" && (has_letter(arguments, "dD") || has_word(arguments, "--decode"))) ||
        (program == "openssl" &&
         (has_word(arguments, "base64") || has_word(arguments, "-base64") || has_word(arguments, "-a")) &&
         has_word(arguments, "-d"));
    const bool decodes_hex = program == "xxd" && has_letter(arguments, "r");
    const bool copies = program == "cat" || program == "tee";
    if (!decodes64 && !decodes_hex && !copies && program != "rev") return false;
    std::optional<Text> input;
    std::size_t files = 0;
    for (const Word& word : arguments) {
        if (program == "tee" || program == "openssl" || word.text.starts_with('-')) continue;
        ++files;
        const auto found = files_.find(full_path(word.text));
        if (found != files_.end()) input = text_of(found->second);
    }
    if (files > 1) return false;
    if (files == 0) input = text_of(call.streams.in());
    if (!input || !state_.afford(input->bytes.size())) return false;
    if (copies) {
        out.append(*input);
        return true;
    }
    std::pmr::string bytes(scratch_);
    if (decodes64)
        decode_base64(input->bytes, bytes);
    else if (decodes_hex)
        decode_hex(input->bytes, bytes);
    else
        bytes.assign(input->bytes);
    if (program == "rev") {
        for (std::size_t begin = 0; begin < bytes.size();) {
            const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
            std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                         bytes.begin() + static_cast<std::ptrdiff_t>(end));
            begin = end + 1;
        }
    }
    out.append(bytes, input->source(), false);
    return true;
}

}  // namespace gw::guardrail::shell
