#include "exchange/responses_run.h"

#include <functional>

#include "config/model_choice.h"
#include "core/text.h"
#include "exchange/agent_wish.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

ResponsesRun::ResponsesRun(Gateway& gateway, ServerConn& client)
    : AgentAnswer(gateway, client),
      config_(gateway.config_share()),
      id_(gateway.memory()),
      model_(gateway.memory()),
      kept_(gateway.memory()),
      echo_(gateway.memory()) {}

// --- the request -------------------------------------------------------------------------------------------------

void ResponsesRun::start(std::string_view body) {
    asked_ = make_owned<AgentRequest>(gateway_.memory(), gateway_.memory(), gateway_.pool());
    asked_->source = client_.take_body();  // where `body` still lies
    if (!client_.parse_body(body, asked_->document)) return;
    request_.emplace(gateway_.memory());
    if (!endpoint::read_responses_request(asked_->document.root(), *request_)) {
        client_.answer_error(request_->error());
        return;
    }
    model_ = request_->model;
    stream_ = request_->stream;
    if (!choose()) return;
    if (request_->attachments.empty()) {
        begin({});
    } else {
        load();
    }
}

// The agent, its model, the session, and the response before this one.
bool ResponsesRun::choose() {
    const endpoint::ResponsesRequest& request = *request_;
    const AgentWish wish = read_agent_wish(gateway_, client_, request.model, request.user, "openresponses-user");
    if (wish.error) {
        client_.answer_error(*wish.error);
        return false;
    }
    if (!wish.model.empty() && !config::find_model(*config_, wish.model)) {
        client_.answer_error(*model_error(config::ModelProblem::unknown_wish));
        return false;
    }
    asked_->agent_id = wish.agent->id;
    asked_->model = wish.model;
    asked_->is_owner = wish.is_owner;
    asked_->channel = wish.channel;
    asked_->session_key = wish.session_key;
    // The same agent, the same user, the same session asked for, and nobody else's.
    for (const std::string_view part : {std::string_view(asked_->agent_id), request.user,
                                        std::string_view(wish.session_key), std::string_view(client_.caller().user)})
        kept_.scope.append(part).append("\n");
    return find_earlier();
}

bool ResponsesRun::find_earlier() {
    if (request_->has_references) rewrite_input({});
    const std::string_view id = request_->previous_response_id;
    if (!id.empty()) {
        const StoredResponse* const earlier = gateway_.responses().find(id, kept_.scope);
        if (earlier == nullptr) {
            std::pmr::string message("Previous response with id '", gateway_.memory());
            message.append(cut_utf8(id, 128)).append("' not found.");
            client_.answer_error(
                {400, "invalid_request_error", message, "previous_response_not_found", "previous_response_id"});
            return false;
        }
        // A session puts its past in front of one turn, but not of several: they would lack the call that they answer.
        const bool session_knows = !asked_->session_key.empty() && !(request_->continues_call && request_->tells_past);
        asked_->continues = session_knows;
        if (!session_knows) rewrite_input(earlier->items);
    }
    remember_input(asked_->document.root()["input"]);
    return true;
}

// The body again: earlier items in front of its own, and the items that it refers to in place of the references.
void ResponsesRun::rewrite_input(std::string_view items) {
    constexpr int references_max = 256;  // each is looked for in a text of its own
    int references = 0;
    Buffer merged(gateway_.pool());
    json::Writer w(merged);
    w.begin_object();
    const json::Value root = asked_->document.root();
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        w.key(member.key());
        if (member.key() != "input") {
            w.value(member);
            continue;
        }
        w.begin_array();
        if (!items.empty()) w.raw(items);
        if (member.is(json::Kind::string)) {
            w.begin_object().member("role", "user").key("content").value(member).end_object();
        }
        for (json::Value item = member.first(); item.exists() && member.is(json::Kind::array); item = item.next()) {
            std::string_view found;
            if (item["type"].as_string() == "item_reference" && ++references <= references_max)
                found = gateway_.responses().find_item(item["id"].as_string().value_or(""), kept_.scope);
            w.raw(found.empty() ? item.raw() : found);
        }
        w.end_array();
    }
    w.end_object();
    asked_->source = std::move(merged);
    json::Limits limits;
    limits.bytes_max = asked_->source.size();
    static_cast<void>(asked_->document.parse(asked_->source.text(), limits));  // of two texts that were JSON
    request_.emplace(gateway_.memory());
    static_cast<void>(
        endpoint::read_responses_request(asked_->document.root(), *request_));  // as they were read before
}

void ResponsesRun::remember_input(const json::Value& input) {
    if (input.raw().size() > ResponseStore::item_bytes_max) return;
    kept_.items.reserve(input.raw().size() + 64);
    if (input.is(json::Kind::string)) {
        kept_.items = R"({"role":"user","content":)";
        kept_.items.append(input.raw()) += '}';
        return;
    }
    for (json::Value item = input.first(); item.exists(); item = item.next()) {
        if (!kept_.items.empty()) kept_.items += ',';
        kept_.items += item.raw();
    }
}

// --- what was attached -------------------------------------------------------------------------------------------

void ResponsesRun::load() {
    ContentLoad::Listener& listener = *this;
    load_.emplace(gateway_, listener, gateway_.config().responses.attachments);
    for (const endpoint::ResponsesAttachment& it : request_->attachments) {
        const bool image = it.kind == endpoint::ResponsesAttachment::Kind::image;
        load_->add({image ? ContentPart::Kind::image : ContentPart::Kind::file,
                    it.by_url ? ContentPart::Source::url : ContentPart::Source::base64, it.data, it.media_type,
                    it.file_name, it.place});
    }
    load_->start();
}

void ResponsesRun::on_content_loaded() {
    message::Conversation& conversation = asked_->conversation;
    std::pmr::vector<provider::LoadedPicture> pictures(gateway_.memory());
    std::pmr::vector<provider::LoadedPart> parts(gateway_.memory());
    const auto& results = load_->results();
    std::size_t count = 0;
    for (const LoadedContent& it : results) count += it.images.size();
    pictures.reserve(count);  // the parts have views of them
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::string_view sent = request_->attachments[i].data;
        // The turn may outlive this run, and does not outlive its request: pictures that lie in that are not copied.
        const auto is_sent = [&](std::string_view text) {
            const std::less_equal<const char*> at_most;
            return at_most(sent.data(), text.data()) && at_most(text.data() + text.size(), sent.data() + sent.size());
        };
        const std::size_t first = pictures.size();
        for (const LoadedImage& image : results[i].images) {
            pictures.push_back({conversation.keep(image.media_type),
                                is_sent(image.base64) ? image.base64 : conversation.keep(image.base64)});
        }
        parts.push_back({results[i].text.empty() ? std::string_view{} : conversation.keep(results[i].text),
                         std::span(pictures).subspan(first)});
    }
    begin(parts);
}

void ResponsesRun::on_content_failed(int status, std::string_view message) {
    client_.answer_error(attachment_error(status, message));
}

// --- the turn ----------------------------------------------------------------------------------------------------

bool ResponsesRun::read_conversation(std::span<const provider::LoadedPart> parts) {
    const json::Value root = asked_->document.root();
    const provider::OwnResponses own{parts};
    if (const auto read = provider::read_responses_request(root, asked_->conversation, &own); !read) {
        std::pmr::string message(gateway_.memory());
        provider::append_path(root, read.error().where, message);
        const std::pmr::string field(message, gateway_.memory());
        if (!message.empty()) message += ": ";
        message.append(read.error().what).append(".");
        client_.answer_error({400, "invalid_request_error", message, "unsupported_content", field});
        return false;
    }
    if (const auto error = endpoint::check_client_tools(asked_->conversation)) {
        client_.answer_error(*error);
        return false;
    }
    return true;
}

void ResponsesRun::begin(std::span<const provider::LoadedPart> parts) {
    if (!read_conversation(parts)) return;
    const auto uuid = crypto::random_uuid(gateway_.random());
    if (!uuid) {
        client_.answer_error({500, "api_error", "internal error", {}, {}});
        return;
    }
    id_ = "resp_";
    id_.append(uuid->data(), uuid->size());
    kept_.id = id_;
    asked_->run_id = id_;
    echo_ = endpoint::echo_of(asked_->document.root(), asked_->conversation, gateway_.pool());
    provider::AnswerWriterOptions options;
    options.identity = {id_, model_, gateway_.unix_ms() / 1000};
    writer_.emplace(options, provider::ResponseForm{stream_, true, &echo_}, gateway_.memory());
    begin_turn(std::move(asked_));
}

// --- the answer --------------------------------------------------------------------------------------------------

void ResponsesRun::write_begin(Buffer& out, std::string_view /*provider*/, std::string_view /*model*/) {
    writer_->begin(out);
}

void ResponsesRun::write_text(Buffer& out, std::string_view text) { writer_->text(out, text); }

void ResponsesRun::write_call(Buffer& out, const AgentRun::Call& call) {
    writer_->call(out, call.id, call.tool, call.arguments);
}

void ResponsesRun::write_end(Buffer& out, const AgentRun::End& end) {
    // A notice of the guardrail is the whole answer: some clients drop the output of a response that is not complete.
    writer_->end(out, end.blocked ? message::StopReason::stop : end.reason, end.usage, gateway_.unix_ms() / 1000);
    keep_response();
}

// For the next request, which names this one.
void ResponsesRun::keep_response() {
    const std::string_view output = writer_->output();
    if (kept_.items.empty() || output.size() + kept_.items.size() >= ResponseStore::item_bytes_max) return;
    kept_.items.reserve(kept_.items.size() + 1 + output.size());
    kept_.items += ',';
    kept_.output_at = kept_.items.size();
    kept_.items += output;
    gateway_.responses().put(std::move(kept_), gateway_.now());
}

void ResponsesRun::write_failure(Buffer& out, const AgentFailure& failure) {
    const std::string_view code = failure.code.empty() ? failure.type : failure.code;
    writer_->fail(out, {code, failure.type, failure.message});
}

void ResponsesRun::answer_failed(const AgentFailure& failure) {
    Buffer out(gateway_.pool());
    write_failure(out, failure);
    const http1::Header retry_after{"Retry-After", failure.retry_after};
    client_.answer(failure.http_status, json_type, out.text(),
                   {&retry_after, failure.retry_after.empty() ? std::size_t{0} : std::size_t{1}});
}

}  // namespace gw::exchange
