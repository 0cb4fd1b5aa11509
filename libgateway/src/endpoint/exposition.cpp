#include "endpoint/exposition.h"

#include <charconv>

namespace gw::endpoint {

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    out_.append("# HELP ");
    out_.append(name);
    out_.append(' ');
    out_.append(help);
    out_.append("\n# TYPE ");
    out_.append(name);
    out_.append(' ');
    out_.append(type);
    out_.append('\n');
}

void Exposition::sample(std::string_view name, std::initializer_list<MetricLabel> labels, std::uint64_t value) {
    out_.append(name);
    char separator = '{';
    for (const MetricLabel& label : labels) {
        out_.append(separator);
        separator = ',';
        out_.append(label.name);
        out_.append("=\"");
        label_value(label.value);
        out_.append('"');
    }
    if (labels.size() > 0) out_.append('}');
    out_.append(' ');
    number(value);
    out_.append('\n');
}

void Exposition::single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    family(name, type, help);
    sample(name, {}, value);
}

void Exposition::histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds_us,
                           std::span<const std::uint64_t> counts, std::uint64_t sum_us) {
    family(name, "histogram", help);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        total += counts[i];
        out_.append(name);
        out_.append("_bucket{le=\"");
        if (i < bounds_us.size()) {
            seconds(bounds_us[i]);
        } else {
            out_.append("+Inf");
        }
        out_.append("\"} ");
        number(total);
        out_.append('\n');
    }
    out_.append(name);
    out_.append("_sum ");
    seconds(sum_us);
    out_.append('\n');
    out_.append(name);
    out_.append("_count ");
    number(total);
    out_.append('\n');
}

void Exposition::label_value(std::string_view text) {
    for (const char c : text) {
        switch (c) {
        case '\\': out_.append("\\\\"); break;
        case '"': out_.append("\\\""); break;
        case '\n': out_.append("\\n"); break;
        default: out_.append(c);
        }
    }
}

void Exposition::number(std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void Exposition::seconds(std::uint64_t us) {
    number(us / 1000000);
    std::uint64_t rest = us % 1000000;
    if (rest == 0) return;
    char digits[7] = {'.'};
    std::size_t size = 0;
    for (std::uint64_t unit = 100000; rest > 0; rest %= unit, unit /= 10)
        digits[++size] = static_cast<char>('0' + rest / unit);
    out_.append(std::string_view(digits, size + 1));
}

}  // namespace gw::endpoint
