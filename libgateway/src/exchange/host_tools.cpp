#include "exchange/host_tools.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::string_view no_arguments = R"({"type":"object","properties":{}})";
constexpr std::size_t tool_name_bytes_max = 64;

bool is_tool_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= tool_name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '_' || c == '-';
    });
}

}  // namespace

// --- a call ------------------------------------------------------------------------------------------------------

HostToolJob::HostToolJob(Gateway& gateway, ToolCall& call) : gateway_(gateway), call_(call) {
    id_ = gateway_.runs().tools().host.jobs.add(*this);
    gateway_.enqueue(*this);
}

HostToolJob::~HostToolJob() {
    in_queue.unlink();
    if (id_ == 0) return;
    HostTools& tools = gateway_.runs().tools().host;
    if (told_) {
        tools.jobs.cancel(id_);
        gateway_.enqueue(tools);
    } else {
        tools.jobs.remove(id_);
    }
}

bool HostToolJob::next_event(gw_event& event) noexcept {
    if (told_ || id_ == 0) return false;
    told_ = true;
    event.type = GW_EVENT_TOOL_CALL;
    event.call = id_;
    event.tool = as_str(call_.tool);
    event.data = as_str(call_.arguments);
    event.agent = as_str(call_.agent_id);
    event.session = as_str(call_.session_key);
    return true;
}

void HostToolJob::forget() noexcept {
    gateway_.runs().tools().host.jobs.remove(std::exchange(id_, 0));
    in_queue.unlink();
}

void HostToolJob::progress(std::string_view text) {
    try {
        call_.progress(text);
    } catch (const std::bad_alloc&) {
        forget();
        call_.fail_no_memory();
        throw;
    }
}

void HostToolJob::finish(std::string_view text, bool is_error) {
    forget();
    try {
        call_.finish(text, is_error);
    } catch (const std::bad_alloc&) {
        call_.fail_no_memory();
        throw;
    }
}

// --- the tools ---------------------------------------------------------------------------------------------------

HostTools::HostTools(Gateway& gateway) : jobs(gateway.memory()), gateway_(gateway), tools_(gateway.memory()) {}

const HostTools::Tool* HostTools::find(std::string_view name) const noexcept {
    const auto found = std::find_if(tools_.begin(), tools_.end(), [name](const Tool& it) { return it.name == name; });
    return found == tools_.end() ? nullptr : &*found;
}

gw_status HostTools::add(std::string_view name, std::string_view description, std::string_view schema,
                         bool owner_only) {
    if (!is_tool_name(name) || gateway_.runs().tools().has(name)) return GW_ERR_ARGUMENT;
    if (tools_.size() >= tools_max || description.size() + schema.size() > text_bytes_max) return GW_ERR_LIMIT;
    if (schema.empty()) schema = no_arguments;
    json::Document document(gateway_.memory());
    if (!is_utf8(description) || !document.parse(schema) || !document.root().is(json::Kind::object)) return GW_ERR_DATA;
    Tool tool(gateway_.memory());
    tool.name = name;
    tool.description = description;
    tool.schema = schema;
    tool.owner_only = owner_only;
    tools_.push_back(std::move(tool));
    return GW_OK;
}

void HostTools::describe(std::pmr::vector<message::Tool>& out) const {
    for (const Tool& tool : tools_) out.push_back({0, tool.name, tool.description, tool.schema, std::nullopt});
}

bool HostTools::owner_only(std::string_view tool) const noexcept {
    const Tool* const found = find(tool);
    return found != nullptr && found->owner_only;
}

void HostTools::start(ToolCall& call) {
    json::Document document(gateway_.memory());
    if (!document.parse(call.arguments) || !document.root().is(json::Kind::object)) {
        call.finish("The arguments are not a JSON object.", true);  // a model has written them
        return;
    }
    call.job = make_owned<HostToolJob>(gateway_.memory(), gateway_, call);
}

bool HostTools::next_event(gw_event& event) noexcept {
    event.type = GW_EVENT_TOOL_CANCEL;
    event.call = jobs.next_cancelled().id;
    return event.call != 0;
}

}  // namespace gw::exchange
