// AddedMethods: the methods and events that the program around the gateway has added to those of table.h. Their calls
// leave through Gate::hand_over().
#pragma once

#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "gateway/base.h"
#include "method/table.h"

namespace gw::method {

struct AddedEvent {
    std::pmr::string name;
    rpc::Scope scope = rpc::Scope::any;
    bool may_drop = false, to_nodes = false;
};

class AddedMethods {
public:
    static constexpr std::size_t methods_max = 256, events_max = 256, schema_bytes_max = 65536;

    explicit AddedMethods(std::pmr::memory_resource* memory) : memory_(memory), methods_(memory), events_(memory) {}

    // `scope` "" is operator.admin, "node" that role. `schema`: JSON Schema, or empty. See gateway/method.h.
    [[nodiscard]] gw_status add_method(std::string_view name, std::string_view scope, std::string_view schema,
                                       std::uint32_t timeout_ms);
    // `scope` "" is everybody.
    [[nodiscard]] gw_status add_event(std::string_view name, std::string_view scope, bool may_drop, bool to_nodes);

    [[nodiscard]] const Method* find(std::string_view name) const noexcept;
    [[nodiscard]] std::uint32_t timeout_ms(std::string_view name) const noexcept;
    [[nodiscard]] const AddedEvent* find_event(std::string_view name) const noexcept;

    template <typename Visit>
    void each_method(Visit visit) const {
        for (const Row& row : methods_) visit(row.method.name);
    }
    template <typename Visit>
    void each_event(Visit visit) const {
        for (const AddedEvent& event : events_) visit(std::string_view(event.name));
    }

private:
    struct Row {
        explicit Row(std::pmr::memory_resource* memory) : name(memory), params(memory) {}
        std::pmr::string name, params;
        Method method;  // with views of them
        std::uint32_t timeout_ms = 0;
    };
    [[nodiscard]] const Row* row(std::string_view name) const noexcept;

    std::pmr::memory_resource* memory_;
    std::pmr::list<Row> methods_;  // their texts stay where they are
    std::pmr::list<AddedEvent> events_;
};

}  // namespace gw::method
