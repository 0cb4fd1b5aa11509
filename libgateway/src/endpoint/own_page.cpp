#include "endpoint/own_page.h"

#include <algorithm>
#include <cstring>

namespace gw::endpoint {

namespace {

class EmbeddedFile final : public store::OpenFile {
public:
    EmbeddedFile(const PageFile& file, std::pmr::memory_resource* memory) : content_(file.content.unpack(memory)) {
        size_ = content_.size();
        version_ = file.version;
    }
    [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> room) noexcept override {
        if (offset >= content_.size()) return std::size_t{0};
        const auto piece = std::string_view(content_).substr(static_cast<std::size_t>(offset), room.size());
        std::memcpy(room.data(), piece.data(), piece.size());
        return piece.size();
    }

private:
    std::pmr::string content_;
};

}  // namespace

Result<Owned<store::OpenFile>> OwnPage::open(std::string_view /*root*/, std::string_view path,
                                             std::pmr::memory_resource* memory) {
    for (const PageFile& file : own_page_files()) {
        if (file.path == path) return Owned<store::OpenFile>(make_owned<EmbeddedFile>(memory, file, memory));
    }
    return Error{GW_DONE, 0, "there is no such file"};
}

}  // namespace gw::endpoint
