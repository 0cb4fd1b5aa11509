// The three stores behind one face, so that a test can run on each.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/store.h"
#include "support/directory.h"
#include "support/test.h"

namespace gw::test {

inline gw_str str(std::string_view text) { return {text.data(), text.size()}; }

// A host's store over a std::map. Gives values in pieces of seven bytes and lists backwards, because it may.
struct MapStore {
    std::map<std::string, std::string> values;
    gw_status answer = GW_OK;  // of every function, when it is an error

    static std::string text(gw_str s) { return std::string(as_text(s)); }
    static gw_status give_all(std::string_view bytes, bool (*give)(void*, const void*, std::size_t), void* to) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(7, bytes.size()))) {
            if (!give(to, bytes.data(), std::min<std::size_t>(7, bytes.size()))) return GW_ERR_IO;
        }
        return GW_OK;
    }
    [[nodiscard]] bool in_the_way(const std::string& key) const {
        for (const auto& [other, value] : values) {
            if (key.starts_with(other + "/") || other.starts_with(key + "/")) return true;
        }
        return false;
    }

    gw_store_functions functions() {
        gw_store_functions f{};
        f.size = sizeof f;
        f.user = this;
        f.append = [](void* user, gw_str log, gw_str record, bool) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            if (self.in_the_way(text(log))) return GW_ERR_STATE;
            std::string& value = self.values[text(log)];
            value.resize(value.rfind('\n') + 1);
            value += text(record) + "\n";
            return GW_OK;
        };
        f.read = [](void* user, gw_str log, std::uint64_t offset, std::size_t bytes_max,
                    bool (*give)(void*, const void*, std::size_t), void* to) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            const auto found = self.values.find(text(log));
            if (found == self.values.end() || offset >= found->second.size()) return GW_OK;
            return give_all(std::string_view(found->second).substr(offset, bytes_max), give, to);
        };
        f.put = [](void* user, gw_str key, gw_str value) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            if (self.in_the_way(text(key))) return GW_ERR_STATE;
            self.values[text(key)] = text(value);
            return GW_OK;
        };
        f.get = [](void* user, gw_str key, bool (*give)(void*, const void*, std::size_t), void* to) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            const auto found = self.values.find(text(key));
            return found == self.values.end() ? GW_DONE : give_all(found->second, give, to);
        };
        f.remove = [](void* user, gw_str key) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            return self.values.erase(text(key)) > 0 ? GW_OK : GW_DONE;
        };
        f.list = [](void* user, gw_str prefix, bool (*visit)(void*, const gw_store_entry*), void* to) {
            auto& self = *static_cast<MapStore*>(user);
            if (self.answer != GW_OK) return self.answer;
            for (auto entry = self.values.rbegin(); entry != self.values.rend(); ++entry) {
                if (!entry->first.starts_with(as_text(prefix))) continue;
                const gw_store_entry e{sizeof e, str(entry->first), entry->second.size(), 0};
                if (!visit(to, &e)) break;
            }
            return GW_OK;
        };
        return f;
    }
};

// A store as tests like to talk to it: std::string in and out.
struct StoreUnderTest {
    explicit StoreUnderTest(gw_store* made) : store(made) {}
    ~StoreUnderTest() { gw_store_free(store); }
    StoreUnderTest(const StoreUnderTest&) = delete;
    StoreUnderTest& operator=(const StoreUnderTest&) = delete;

    gw_status append(std::string_view log, std::string_view record, bool durable = false) const {
        return gw_store_append(store, str(log), str(record), durable);
    }
    gw_status put(std::string_view key, std::string_view value) const {
        return gw_store_put(store, str(key), str(value));
    }
    gw_status remove(std::string_view key) const { return gw_store_remove(store, str(key)); }

    gw_status get(std::string_view key, std::string& out) const {
        gw_buf buf{};
        const gw_status status = gw_store_get(store, str(key), &buf);
        if (status == GW_OK) out.assign(static_cast<const char*>(buf.data), buf.len);
        gw_buf_free(&buf);
        return status;
    }
    // The value; "(none)" or the status as text when there is no value.
    [[nodiscard]] std::string get(std::string_view key) const {
        std::string out;
        const gw_status status = get(key, out);
        return status == GW_OK ? out : status == GW_DONE ? "(none)" : std::string(gw_strerror(status));
    }
    gw_status read(std::string_view log, std::uint64_t& offset, std::size_t bytes_max, std::string& out) const {
        gw_buf buf{};
        const gw_status status = gw_store_read(store, str(log), offset, bytes_max, &buf, &offset);
        if (status == GW_OK) out.append(static_cast<const char*>(buf.data), buf.len);
        gw_buf_free(&buf);
        return status;
    }
    // All records of a log, read in pieces of at most `bytes_max` bytes.
    [[nodiscard]] std::string read_all(std::string_view log, std::size_t bytes_max = 0) const {
        std::string out;
        std::uint64_t offset = 0;
        gw_status status = GW_OK;
        while ((status = read(log, offset, bytes_max, out)) == GW_OK) CHECK(offset == out.size());
        return status == GW_DONE ? out : std::string(gw_strerror(status));
    }
    // "key=size key=size ..."
    [[nodiscard]] std::string list(std::string_view prefix) const {
        gw_store_listing* listing = nullptr;
        if (const gw_status status = gw_store_list(store, str(prefix), &listing); status != GW_OK)
            return gw_strerror(status);
        std::string out;
        gw_store_entry entry{};
        entry.size = sizeof entry;
        while (gw_store_listing_next(listing, &entry) == GW_OK) {
            if (!out.empty()) out += ' ';
            out += std::string(as_text(entry.key)) + "=" + std::to_string(entry.value_size);
        }
        gw_store_listing_free(listing);
        return out;
    }

    gw_store* store;
};

// Runs `body` on an empty store of each kind.
inline void for_each_store(const gw_host* host, const gw_store_options& options,
                           const std::function<void(const StoreUnderTest&)>& body) {
    {
        INFO("memory");
        gw_store* made = nullptr;
        REQUIRE(gw_store_new_memory(host, &options, &made) == GW_OK);
        body(StoreUnderTest(made));
    }
    {
        INFO("directory");
        const TemporaryDirectory directory;
        gw_store* made = nullptr;
        REQUIRE(gw_store_open_directory(host, str(directory / "state"), &options, &made) == GW_OK);
        body(StoreUnderTest(made));
    }
    {
        INFO("host");
        MapStore map;
        const gw_store_functions functions = map.functions();
        gw_store* made = nullptr;
        REQUIRE(gw_store_new_host(host, &functions, &options, &made) == GW_OK);
        body(StoreUnderTest(made));
    }
}

inline gw_store_options store_options(std::size_t value_bytes_max = 0) {
    gw_store_options options{};
    options.size = sizeof options;
    options.value_bytes_max = value_bytes_max;
    options.sync = GW_STORE_SYNC_NEVER;  // tests do not pull plugs
    return options;
}

}  // namespace gw::test
