#include "method/node_commands.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace gw::method {

namespace {

constexpr std::uint8_t platform_bit(NodePlatform platform) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(platform));
}

constexpr std::uint8_t on_android = platform_bit(NodePlatform::android);
constexpr std::uint8_t on_phones = platform_bit(NodePlatform::ios) | on_android;
constexpr std::uint8_t on_personal = on_phones | platform_bit(NodePlatform::macos);
constexpr std::uint8_t on_screens = on_personal | platform_bit(NodePlatform::unknown);
constexpr std::uint8_t on_computers =
    platform_bit(NodePlatform::macos) | platform_bit(NodePlatform::gnu_linux) | platform_bit(NodePlatform::windows);

struct DefaultCommand {
    std::string_view name;
    std::uint8_t where;
};

constexpr DefaultCommand default_commands[] = {
    {"canvas.present", on_screens},
    {"canvas.hide", on_screens},
    {"canvas.navigate", on_screens},
    {"canvas.eval", on_screens},
    {"canvas.snapshot", on_screens},
    {"canvas.a2ui.push", on_screens},
    {"canvas.a2ui.pushJSONL", on_screens},
    {"canvas.a2ui.reset", on_screens},
    {"camera.list", on_screens},
    {"location.get", on_screens},
    {"device.info", on_personal},
    {"device.status", on_personal},
    {"contacts.search", on_personal},
    {"calendar.events", on_personal},
    {"reminders.list", on_personal},
    {"photos.latest", on_personal},
    {"motion.activity", on_personal},
    {"motion.pedometer", on_personal},
    {"notifications.list", on_android},
    {"notifications.actions", on_android},
    {"device.permissions", on_android},
    {"device.health", on_android},
    {"system.run", on_computers},
    {"system.run.prepare", on_computers},
    {"system.which", on_computers},
    {"browser.proxy", on_computers},
    {"system.notify", on_screens | on_computers},
};

struct Word {
    std::string_view text;
    NodePlatform platform;
};

constexpr Word platform_beginnings[] = {{"ios", NodePlatform::ios},     {"android", NodePlatform::android},
                                        {"mac", NodePlatform::macos},   {"darwin", NodePlatform::macos},
                                        {"win", NodePlatform::windows}, {"linux", NodePlatform::gnu_linux}};
constexpr Word family_words[] = {{"iphone", NodePlatform::ios},     {"ipad", NodePlatform::ios},
                                 {"ios", NodePlatform::ios},        {"android", NodePlatform::android},
                                 {"mac", NodePlatform::macos},      {"windows", NodePlatform::windows},
                                 {"linux", NodePlatform::gnu_linux}};

bool contains_ignoring_case(std::string_view text, std::string_view word) noexcept {
    return std::search(text.begin(), text.end(), word.begin(), word.end(),
                       [](char a, char b) { return ascii_lower(a) == b; }) != text.end();
}

bool lists_command(const std::pmr::vector<std::pmr::string>& list, std::string_view command) noexcept {
    return std::any_of(list.begin(), list.end(), [command](const auto& one) { return trim(one) == command; });
}

}  // namespace

NodePlatform node_platform(std::string_view platform, std::string_view device_family) noexcept {
    platform = trim(platform);
    for (const Word& word : platform_beginnings) {
        if (starts_with_ignoring_case(platform, word.text)) return word.platform;
    }
    for (const Word& word : family_words) {
        if (contains_ignoring_case(device_family, word.text)) return word.platform;
    }
    return NodePlatform::unknown;
}

bool is_node_command_allowed(const config::Config& config, NodePlatform platform, std::string_view command) noexcept {
    if (lists_command(config.nodes.deny_commands, command)) return false;
    if (lists_command(config.nodes.allow_commands, command)) return true;
    return std::any_of(std::begin(default_commands), std::end(default_commands), [=](const DefaultCommand& one) {
        return one.name == command && (one.where & platform_bit(platform)) != 0;
    });
}

}  // namespace gw::method
