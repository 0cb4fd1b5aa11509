// Conversations as text: what a Server or a Client hands out, one line per fact, content joined whatever the pieces
// were. For tests and fuzz targets alike, so without Catch2.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/memory.h"
#include "http1/http1.h"

namespace gw::test {

// Control characters, backslash and non-ASCII as \r \n \t \\ \xHH.
inline std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r')
            out += "\\r";
        else if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (c == '\\')
            out += "\\\\";
        else if (byte < 0x20 || byte >= 0x7F) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned>(byte));
            out += hex;
        } else {
            out += c;
        }
    }
    return out;
}

// The lines written so far; consecutive pieces of content become one line.
class Transcript {
public:
    void line(const std::string& text) {
        text_ += text;
        text_ += '\n';
        in_body_ = false;
    }
    void fields(const char* what, http1::Headers headers) {
        for (const http1::Header& header : headers.all()) {
            line(std::string(what) + " " + escape(header.name) + ": " + escape(header.value));
        }
    }
    void body(std::string_view data) {
        if (in_body_)
            text_.pop_back();
        else
            text_ += "body ";
        text_ += escape(data);
        text_ += '\n';
        in_body_ = true;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
    bool in_body_ = false;
};

inline const char* name_of(gw_status status) {
    switch (status) {
    case GW_ERR_PROTOCOL: return "protocol";
    case GW_ERR_LIMIT: return "limit";
    case GW_ERR_TRUNCATED: return "truncated";
    default: return "other";
    }
}

// A server that answers each request with an empty 200 and records what it sees.
class ServerTranscript {
public:
    explicit ServerTranscript(const http1::Limits& limits = {}, Allocator allocator = Allocator::from(nullptr))
        : memory_(allocator), pool_(allocator), server(limits, pool_.get(), &memory_), out(pool_.get()) {}

    void feed(std::string_view piece) {
        server.feed(as_bytes(piece));
        drain();
    }
    void finish() {
        static_cast<void>(server.finish());
        drain();
    }
    [[nodiscard]] const std::string& text() const { return transcript.text(); }

    void drain() {
        for (;;) {
            const auto event = server.next();
            if (!event) {
                if (!failed) transcript.line("error " + std::to_string(server.error_status()));
                failed = true;
                return;
            }
            if (!*event) return;
            record(**event);
            if ((*event)->kind == http1::EventKind::end && answers) {
                server.send_head(out, 200, {}, http1::Framing::none, 0, 0);
                server.send_end(out);
            }
        }
    }

    void record(const http1::Server::Event& event) {
        switch (event.kind) {
        case http1::EventKind::head: {
            const http1::RequestHead& head = *event.head;
            transcript.line("request " + std::string(head.method) + " " + std::string(head.target) + " 1." +
                            std::to_string(head.minor));
            transcript.fields("field", head.headers);
            if (head.content_length) transcript.line("length " + std::to_string(*head.content_length));
            if (head.chunked) transcript.line("chunked");
            if (head.upgrade) transcript.line("upgradable");
            break;
        }
        case http1::EventKind::body: transcript.body(as_text(event.body)); break;
        case http1::EventKind::trailers: transcript.fields("trailer", event.trailers); break;
        case http1::EventKind::end: transcript.line("end"); break;
        case http1::EventKind::upgrade: transcript.line("upgrade"); break;
        }
    }

private:
    HostMemory memory_;
    BlockPoolOwner pool_;

public:
    http1::Server server;
    Buffer out;
    Transcript transcript;
    bool answers = true;
    bool failed = false;
};

// A client that has sent requests with the given methods, one after the other ("GET HEAD"), each when the one before is
// answered. "UPGRADE" is a GET that asks for another protocol.
class ClientTranscript {
public:
    explicit ClientTranscript(std::string_view methods, const http1::Limits& limits = {},
                              Allocator allocator = Allocator::from(nullptr))
        : memory_(allocator),
          pool_(allocator),
          client(limits, pool_.get(), &memory_),
          out(pool_.get()),
          methods_(methods) {
        send();
    }

    void feed(std::string_view piece) {
        client.feed(as_bytes(piece));
        drain();
    }
    void finish() {
        static_cast<void>(client.finish());
        drain();
    }
    [[nodiscard]] const std::string& text() const { return transcript.text(); }

    void drain() {
        for (;;) {
            const auto event = client.next();
            if (!event) {
                if (!failed) transcript.line(std::string("error ") + name_of(event.error().status));
                failed = true;
                return;
            }
            if (!*event) return;
            record(**event);
            if ((*event)->kind == http1::EventKind::end) send();
        }
    }

    void record(const http1::Client::Event& event) {
        switch (event.kind) {
        case http1::EventKind::head: {
            const http1::ResponseHead& head = *event.head;
            transcript.line("response " + std::to_string(head.status) + " " + escape(head.reason) + " 1." +
                            std::to_string(head.minor));
            transcript.fields("field", head.headers);
            if (head.content_length) transcript.line("length " + std::to_string(*head.content_length));
            if (head.chunked) transcript.line("chunked");
            break;
        }
        case http1::EventKind::body: transcript.body(as_text(event.body)); break;
        case http1::EventKind::trailers: transcript.fields("trailer", event.trailers); break;
        case http1::EventKind::end: transcript.line("end"); break;
        case http1::EventKind::upgrade: transcript.line("upgrade"); break;
        }
    }

private:
    void send() {
        if (methods_.empty() || !client.may_send()) return;
        const std::size_t space = methods_.find(' ');
        std::string_view method = methods_.substr(0, space);
        methods_ = space == std::string_view::npos ? std::string_view{} : methods_.substr(space + 1);
        std::vector<http1::Header> fields{{"Host", "example.org"}};
        if (method == "UPGRADE") {
            method = "GET";
            fields.push_back({"Upgrade", "websocket"});
        }
        client.send_head(out, method, "/", fields, http1::Framing::none, 0);
        client.send_end(out);
    }

    HostMemory memory_;
    BlockPoolOwner pool_;

public:
    http1::Client client;
    Buffer out;
    Transcript transcript;
    bool failed = false;

private:
    std::string_view methods_;
};

}  // namespace gw::test
