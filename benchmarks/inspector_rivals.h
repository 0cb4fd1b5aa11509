// Who the inspector is compared with. None of them holds or releases anything, says where a match begins, or looks
// behind disguises: they only tell that a rule matched.
//
//     Vectorscan       streaming mode, all rules in one database; no start of match, which is its fastest way
//     Re2SetRescan     RE2::Set over the whole answer so far, every 500 bytes and at the end
//     RuleByRule       every rule by itself over the whole answer so far, every 500 bytes and at the end
#pragma once

#include <re2/re2.h>
#include <re2/set.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#ifdef GATEWAY_BENCH_VECTORSCAN
#include <hs.h>
#endif

namespace gw::bench {

inline constexpr std::size_t rescan_bytes = 500;

inline RE2::Options re2_options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_longest_match(true);
    options.set_max_mem(std::int64_t{256} << 20);
    return options;
}

// Calls `scan(text so far)` as the two that scan again do.
class Rescan {
public:
    template <typename Scan>
    void feed(std::string_view answer, std::size_t at, std::size_t size, const Scan& scan) {
        const std::size_t end = std::min(at + size, answer.size());
        while (end - scanned_ >= rescan_bytes || (end == answer.size() && scanned_ < end)) {
            scanned_ = std::min(scanned_ + rescan_bytes, end);
            scan(answer.substr(0, scanned_));
        }
    }
    void begin() { scanned_ = 0; }

private:
    std::size_t scanned_ = 0;
};

class Re2SetRescan {
public:
    explicit Re2SetRescan(const std::vector<std::string>& patterns) : set_(re2_options(), RE2::UNANCHORED) {
        for (const std::string& pattern : patterns) {
            if (set_.Add(pattern, nullptr) < 0) ++refused_;
        }
        ready_ = set_.Compile();
    }
    [[nodiscard]] bool ready() const { return ready_; }
    // Scans that gave up because the set's tables were full: such a scan says "no match", so it must be asked.
    [[nodiscard]] std::size_t gave_up() const { return gave_up_; }
    [[nodiscard]] std::size_t refused() const { return refused_; }
    void begin() { rescan_.begin(); }
    void feed(std::string_view answer, std::size_t at, std::size_t size) {
        rescan_.feed(answer, at, size, [this](std::string_view text) {
            RE2::Set::ErrorInfo error{RE2::Set::kNoError};
            found_.clear();
            (void)set_.Match({text.data(), text.size()}, &found_, &error);
            if (error.kind != RE2::Set::kNoError) ++gave_up_;
        });
    }

private:
    RE2::Set set_;
    Rescan rescan_;
    std::vector<int> found_;
    bool ready_ = false;
    std::size_t gave_up_ = 0, refused_ = 0;
};

class RuleByRule {
public:
    explicit RuleByRule(const std::vector<std::string>& patterns) {
        for (const std::string& pattern : patterns) {
            auto rule = std::make_unique<RE2>(pattern, re2_options());
            if (rule->ok()) rules_.push_back(std::move(rule));
        }
    }
    [[nodiscard]] bool ready() const { return !rules_.empty(); }
    void begin() { rescan_.begin(); }
    void feed(std::string_view answer, std::size_t at, std::size_t size) {
        rescan_.feed(answer, at, size, [this](std::string_view text) {
            for (const auto& rule : rules_) {
                re2::StringPiece rest(text.data(), text.size());
                while (!rest.empty() && RE2::FindAndConsume(&rest, *rule)) ++found_;
            }
        });
    }
    [[nodiscard]] std::uint64_t found() const { return found_; }

private:
    std::vector<std::unique_ptr<RE2>> rules_;
    Rescan rescan_;
    std::uint64_t found_ = 0;
};

#ifdef GATEWAY_BENCH_VECTORSCAN
inline unsigned vectorscan_flags(const std::string& pattern) {
    const bool ascii = pattern.find("\\x{") == std::string::npos && pattern.find("\\p") == std::string::npos &&
                       pattern.find("\\P") == std::string::npos &&
                       std::none_of(pattern.begin(), pattern.end(), [](char c) { return (c & '\x80') != 0; });
    return ascii ? 0U : HS_FLAG_UTF8 | HS_FLAG_UCP;
}

// Whether it takes the rule at all, in streaming mode.
inline bool vectorscan_accepts(const std::string& pattern) {
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    const bool ok = hs_compile(pattern.c_str(), vectorscan_flags(pattern), HS_MODE_STREAM, nullptr, &database,
                               &error) == HS_SUCCESS;
    hs_free_database(database);
    hs_free_compile_error(error);
    return ok;
}

class Vectorscan {
public:
    explicit Vectorscan(const std::vector<std::string>& patterns) {
        std::vector<const char*> texts;
        std::vector<unsigned> flags, ids;
        for (const std::string& pattern : patterns) {
            texts.push_back(pattern.c_str());
            flags.push_back(vectorscan_flags(pattern));
            ids.push_back(static_cast<unsigned>(ids.size()));
        }
        hs_compile_error_t* error = nullptr;
        (void)hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                               HS_MODE_STREAM, nullptr, &database_, &error);
        hs_free_compile_error(error);
        if (database_ != nullptr) (void)hs_alloc_scratch(database_, &scratch_);
        if (database_ != nullptr) (void)hs_open_stream(database_, 0, &stream_);
    }
    ~Vectorscan() {
        if (stream_ != nullptr) hs_close_stream(stream_, nullptr, nullptr, nullptr);
        hs_free_scratch(scratch_);
        hs_free_database(database_);
    }
    Vectorscan(const Vectorscan&) = delete;
    Vectorscan& operator=(const Vectorscan&) = delete;
    [[nodiscard]] bool ready() const { return stream_ != nullptr; }
    [[nodiscard]] std::size_t stream_bytes() const {
        std::size_t size = 0;
        (void)hs_stream_size(database_, &size);
        return size;
    }
    void begin() { (void)hs_reset_stream(stream_, 0, scratch_, nullptr, nullptr); }
    void feed(std::string_view answer, std::size_t at, std::size_t size) {
        const std::string_view piece = answer.substr(at, size);
        (void)hs_scan_stream(stream_, piece.data(), static_cast<unsigned>(piece.size()), 0, scratch_, &count, &found_);
    }
    [[nodiscard]] std::uint64_t found() const { return found_; }

private:
    static int count(unsigned, unsigned long long, unsigned long long, unsigned, void* found) {
        ++*static_cast<std::uint64_t*>(found);
        return 0;
    }
    hs_database_t* database_ = nullptr;
    hs_scratch_t* scratch_ = nullptr;
    hs_stream_t* stream_ = nullptr;
    std::uint64_t found_ = 0;
};
#endif

}  // namespace gw::bench
