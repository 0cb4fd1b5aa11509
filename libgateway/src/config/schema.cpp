#include "config/schema.h"

#include <array>
#include <iterator>

namespace gw::config {

namespace {

using enum Use;

constexpr std::int64_t byte_count_max = 1 << 30;
constexpr std::int64_t time_ms_max = 3600000;

constexpr Key boolean(std::string_view path, std::string_view fallback) {
    return {path, Type::boolean, used, fallback, {}, 0, 0};
}
constexpr Key integer(std::string_view path, std::string_view fallback, std::int64_t minimum, std::int64_t maximum) {
    return {path, Type::integer, used, fallback, {}, minimum, maximum};
}
constexpr Key choice(std::string_view path, std::string_view fallback, std::string_view choices) {
    return {path, Type::choice, used, fallback, choices, 0, 0};
}
constexpr Key text(std::string_view path) { return {path, Type::text, used, {}, {}, 0, 0}; }
constexpr Key secret(std::string_view path) { return {path, Type::secret, used, {}, {}, 0, 0}; }
constexpr Key texts(std::string_view path) { return {path, Type::texts, used, {}, {}, 0, 0}; }
constexpr Key object(std::string_view path) { return {path, Type::object, used, {}, {}, 0, 0}; }
constexpr Key map(std::string_view path) { return {path, Type::map, used, {}, {}, 0, 0}; }
constexpr Key list(std::string_view path) { return {path, Type::list, used, {}, {}, 0, 0}; }
constexpr Key model(std::string_view path) { return {path, Type::model, used, {}, {}, 0, 0}; }
constexpr Key not_yet(Key key) {
    key.use = pending;
    return key;
}
constexpr Key not_used(std::string_view path, Use use) { return {path, Type::any, use, {}, {}, 0, 0}; }

constexpr Key table[] = {
    // an array of the language: deducing a std::array of this size is too deep for clang
    object(""),
    not_used("$schema", known),
    not_used("meta", known),
    not_used("wizard", known),
    Key{"env", Type::any, used, {}, {}, 0, 0},  // its texts are variables for ${NAME}

    object("gateway"),
    choice("gateway.mode", "local", "local|remote"),
    integer("gateway.port", "18789", 0, 65535),
    choice("gateway.bind", "loopback", "loopback|lan|tailnet|auto|custom"),
    text("gateway.customBindHost"),
    object("gateway.auth"),
    choice("gateway.auth.mode", "token", "none|token|password|trusted-proxy"),
    secret("gateway.auth.token"),
    secret("gateway.auth.password"),
    boolean("gateway.auth.privateIngress", "false"),
    object("gateway.auth.trustedProxy"),
    not_yet(text("gateway.auth.trustedProxy.userHeader")),
    not_yet(texts("gateway.auth.trustedProxy.requiredHeaders")),
    not_yet(texts("gateway.auth.trustedProxy.allowUsers")),
    not_yet(boolean("gateway.auth.trustedProxy.allowLoopback", "false")),
    not_used("gateway.auth.trustedProxy.deviceAutoApprove", not_heeded),
    not_used("gateway.auth.rateLimit", not_heeded),
    not_used("gateway.auth.allowTailscale", not_heeded),
    not_used("gateway.auth.identityScopes", not_heeded),
    not_yet(texts("gateway.trustedProxies")),
    not_used("gateway.allowRealIpFallback", not_heeded),
    object("gateway.controlUi"),
    not_yet(texts("gateway.controlUi.allowedOrigins")),
    not_used("gateway.controlUi.enabled", known),
    not_used("gateway.controlUi.basePath", known),
    not_used("gateway.controlUi.root", known),
    not_used("gateway.controlUi.embedSandbox", known),
    not_used("gateway.controlUi.allowExternalEmbedUrls", known),
    not_used("gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", not_heeded),
    not_used("gateway.controlUi.allowInsecureAuth", not_heeded),
    not_used("gateway.controlUi.dangerouslyDisableDeviceAuth", not_heeded),
    object("gateway.tls"),
    boolean("gateway.tls.enabled", "false"),
    text("gateway.tls.certPath"),
    text("gateway.tls.keyPath"),
    text("gateway.tls.caPath"),
    not_used("gateway.tls.autoGenerate", not_heeded),
    object("gateway.http"),
    object("gateway.http.endpoints"),
    object("gateway.http.endpoints.chatCompletions"),
    boolean("gateway.http.endpoints.chatCompletions.enabled", "false"),
    integer("gateway.http.endpoints.chatCompletions.maxBodyBytes", "20971520", 1, byte_count_max),
    not_used("gateway.http.endpoints.chatCompletions.maxImageParts", known),
    not_used("gateway.http.endpoints.chatCompletions.maxTotalImageBytes", known),
    not_used("gateway.http.endpoints.chatCompletions.images", known),
    object("gateway.http.endpoints.responses"),
    not_yet(boolean("gateway.http.endpoints.responses.enabled", "false")),
    integer("gateway.http.endpoints.responses.maxBodyBytes", "20971520", 1, byte_count_max),
    not_used("gateway.http.endpoints.responses.maxUrlParts", known),
    not_used("gateway.http.endpoints.responses.files", known),
    not_used("gateway.http.endpoints.responses.images", known),
    object("gateway.http.securityHeaders"),
    Key{"gateway.http.securityHeaders.strictTransportSecurity", Type::text_or_false, used, "false", {}, 0, 0},
    not_used("gateway.http.rateLimit", not_heeded),
    object("gateway.upstream"),
    text("gateway.upstream.caBundlePath"),
    not_yet(integer("gateway.upstream.maxConnections", {}, 1, 65535)),
    object("gateway.upstream.timeouts"),
    integer("gateway.upstream.timeouts.connectMs", "10000", 1, time_ms_max),
    integer("gateway.upstream.timeouts.firstByteMs", "120000", 1, time_ms_max),
    integer("gateway.upstream.timeouts.idleMs", "120000", 1, time_ms_max),
    not_used("gateway.tailscale", not_heeded),
    not_used("gateway.tools", not_heeded),
    not_used("gateway.nodes", not_heeded),
    not_used("gateway.remote", known),
    not_used("gateway.reload", known),
    not_used("gateway.push", known),
    not_used("gateway.webchat", known),
    not_used("gateway.channelHealthCheckMinutes", known),
    not_used("gateway.channelStaleEventThresholdMinutes", known),
    not_used("gateway.channelMaxRestartsPerHour", known),
    not_used("gateway.terminal", not_heeded),
    not_used("gateway.roles", not_heeded),
    not_used("gateway.portals", not_heeded),
    not_used("gateway.publicOrigin", known),
    not_used("gateway.cliAgents", known),

    object("models"),
    map("models.providers"),
    object("models.providers.*"),
    text("models.providers.*.baseUrl"),
    secret("models.providers.*.apiKey"),
    text("models.providers.*.api"),
    map("models.providers.*.headers"),
    secret("models.providers.*.headers.*"),
    list("models.providers.*.models"),
    object("models.providers.*.models[]"),
    text("models.providers.*.models[].id"),
    text("models.providers.*.models[].name"),
    not_used("models.providers.*.models[].api", known),
    not_used("models.providers.*.models[].reasoning", known),
    not_used("models.providers.*.models[].input", known),
    not_used("models.providers.*.models[].cost", known),
    not_used("models.providers.*.models[].contextWindow", known),
    not_used("models.providers.*.models[].contextTokens", known),
    not_used("models.providers.*.models[].maxTokens", known),
    not_used("models.providers.*.models[].params", known),
    not_used("models.providers.*.models[].headers", not_heeded),
    not_used("models.providers.*.models[].compat", known),
    object("models.providers.*.timeouts"),
    integer("models.providers.*.timeouts.connectMs", {}, 1, time_ms_max),
    integer("models.providers.*.timeouts.firstByteMs", {}, 1, time_ms_max),
    integer("models.providers.*.timeouts.idleMs", {}, 1, time_ms_max),
    object("models.providers.*.request"),
    boolean("models.providers.*.request.allowPrivateNetwork", "false"),
    not_used("models.providers.*.request.headers", not_heeded),
    not_used("models.providers.*.request.auth", not_heeded),
    not_used("models.providers.*.request.proxy", not_heeded),
    not_used("models.providers.*.request.tls", not_heeded),
    not_used("models.providers.*.auth", not_heeded),
    not_used("models.providers.*.authHeader", not_heeded),
    not_used("models.providers.*.region", known),
    not_used("models.providers.*.timeoutSeconds", not_heeded),
    not_used("models.providers.*.injectNumCtxForOpenAICompat", known),
    not_used("models.mode", known),
    not_used("models.bedrockDiscovery", known),
    not_used("models.pricing", known),
    not_used("models.proxy", not_heeded),

    object("agents"),
    object("agents.defaults"),
    model("agents.defaults.model"),
    text("agents.defaults.model.primary"),
    texts("agents.defaults.model.fallbacks"),
    map("agents.defaults.models"),
    object("agents.defaults.models.*"),
    text("agents.defaults.models.*.alias"),
    not_used("agents.defaults.models.*.params", known),
    not_used("agents.defaults.models.*.streaming", known),
    not_used("agents.defaults.models.*.agentRuntime", known),
    not_used("agents.defaults.imageModel", known),
    not_used("agents.defaults.imageGenerationModel", known),
    not_used("agents.defaults.videoGenerationModel", known),
    not_used("agents.defaults.musicGenerationModel", known),
    not_used("agents.defaults.pdfModel", known),
    not_used("agents.defaults.pdfMaxBytesMb", known),
    not_used("agents.defaults.pdfMaxPages", known),
    not_used("agents.defaults.utilityModel", known),
    not_used("agents.defaults.workspace", known),
    not_used("agents.defaults.repoRoot", known),
    not_used("agents.defaults.skills", known),
    not_used("agents.defaults.skipBootstrap", known),
    not_used("agents.defaults.bootstrapMaxChars", known),
    not_used("agents.defaults.bootstrapTotalMaxChars", known),
    not_used("agents.defaults.bootstrapPromptTruncationWarning", known),
    not_used("agents.defaults.contextInjection", known),
    not_used("agents.defaults.userTimezone", known),
    not_used("agents.defaults.timeFormat", known),
    not_used("agents.defaults.envelopeTimezone", known),
    not_used("agents.defaults.envelopeTimestamp", known),
    not_used("agents.defaults.envelopeElapsed", known),
    not_used("agents.defaults.contextTokens", known),
    not_used("agents.defaults.cliBackends", known),
    not_used("agents.defaults.memorySearch", known),
    not_used("agents.defaults.contextPruning", known),
    not_used("agents.defaults.compaction", known),
    not_used("agents.defaults.embeddedPi", known),
    not_used("agents.defaults.thinkingDefault", known),
    not_used("agents.defaults.reasoningDefault", known),
    not_used("agents.defaults.verboseDefault", known),
    not_used("agents.defaults.elevatedDefault", known),
    not_used("agents.defaults.fastModeDefault", known),
    not_used("agents.defaults.blockStreamingDefault", known),
    not_used("agents.defaults.blockStreamingBreak", known),
    not_used("agents.defaults.blockStreamingChunk", known),
    not_used("agents.defaults.blockStreamingCoalesce", known),
    not_used("agents.defaults.humanDelay", known),
    not_used("agents.defaults.timeoutSeconds", known),
    not_used("agents.defaults.mediaMaxMb", known),
    not_used("agents.defaults.imageMaxDimensionPx", known),
    not_used("agents.defaults.typingIntervalSeconds", known),
    not_used("agents.defaults.typingMode", known),
    not_used("agents.defaults.heartbeat", known),
    not_used("agents.defaults.maxConcurrent", known),
    not_used("agents.defaults.subagents", known),
    not_used("agents.defaults.additionalSystemPrompt", known),
    not_used("agents.defaults.systemPromptOverride", known),
    not_used("agents.defaults.systemAgent", known),
    not_used("agents.defaults.params", known),
    not_used("agents.defaults.sandbox", not_heeded),
    list("agents.list"),
    object("agents.list[]"),
    text("agents.list[].id"),
    text("agents.list[].name"),
    boolean("agents.list[].default", "false"),
    not_yet(boolean("agents.list[].publicMode", "false")),
    model("agents.list[].model"),
    text("agents.list[].model.primary"),
    texts("agents.list[].model.fallbacks"),
    not_used("agents.list[].workspace", known),
    not_used("agents.list[].agentDir", known),
    not_used("agents.list[].skills", known),
    not_used("agents.list[].memorySearch", known),
    not_used("agents.list[].humanDelay", known),
    not_used("agents.list[].heartbeat", known),
    not_used("agents.list[].identity", known),
    not_used("agents.list[].groupChat", known),
    not_used("agents.list[].subagents", known),
    not_used("agents.list[].params", known),
    not_used("agents.list[].runtime", known),
    not_used("agents.list[].thinkingDefault", known),
    not_used("agents.list[].reasoningDefault", known),
    not_used("agents.list[].verboseDefault", known),
    not_used("agents.list[].fastModeDefault", known),
    not_used("agents.list[].systemPromptOverride", known),
    not_used("agents.list[].sandbox", not_heeded),
    not_used("agents.list[].tools", not_heeded),
    map("agents.entries"),
    object("agents.entries.*"),
    text("agents.entries.*.name"),
    boolean("agents.entries.*.default", "false"),
    not_yet(boolean("agents.entries.*.publicMode", "false")),
    model("agents.entries.*.model"),
    text("agents.entries.*.model.primary"),
    texts("agents.entries.*.model.fallbacks"),
    not_used("agents.entries.*.workspace", known),
    not_used("agents.entries.*.agentDir", known),
    not_used("agents.entries.*.skills", known),
    not_used("agents.entries.*.memorySearch", known),
    not_used("agents.entries.*.humanDelay", known),
    not_used("agents.entries.*.heartbeat", known),
    not_used("agents.entries.*.identity", known),
    not_used("agents.entries.*.groupChat", known),
    not_used("agents.entries.*.subagents", known),
    not_used("agents.entries.*.params", known),
    not_used("agents.entries.*.runtime", known),
    not_used("agents.entries.*.thinkingDefault", known),
    not_used("agents.entries.*.reasoningDefault", known),
    not_used("agents.entries.*.verboseDefault", known),
    not_used("agents.entries.*.fastModeDefault", known),
    not_used("agents.entries.*.systemPromptOverride", known),
    not_used("agents.entries.*.sandbox", not_heeded),
    not_used("agents.entries.*.tools", not_heeded),
    not_used("agents.ownership", known),

    // Sections for parts that this gateway does not have.
    not_used("acp", not_heeded),
    not_used("approvals", not_heeded),
    not_used("audio", not_heeded),
    not_used("auth", not_heeded),
    not_used("bindings", not_heeded),
    not_used("broadcast", not_heeded),
    not_used("browser", not_heeded),
    not_used("canvasHost", not_heeded),
    not_used("channels", not_heeded),
    not_used("cli", not_heeded),
    not_used("commands", not_heeded),
    not_used("crestodian", not_heeded),
    not_used("cron", not_heeded),
    not_used("diagnostics", not_heeded),
    not_used("discovery", not_heeded),
    not_used("hooks", not_heeded),
    not_used("logging", not_heeded),
    not_used("mcp", not_heeded),
    not_used("media", not_heeded),
    not_used("memory", not_heeded),
    not_used("messages", not_heeded),
    not_used("nodeHost", not_heeded),
    not_used("plugins", not_heeded),
    not_used("proxy", not_heeded),
    not_used("secrets", not_heeded),
    not_used("session", not_heeded),
    not_used("skills", not_heeded),
    not_used("talk", not_heeded),
    not_used("tools", not_heeded),
    not_used("ui", not_heeded),
    not_used("update", not_heeded),
    not_used("web", not_heeded),
};

constexpr bool is_below(std::string_view path, std::string_view parent) noexcept {
    return parent.empty() || (path.size() > parent.size() && path.starts_with(parent) &&
                              (path[parent.size()] == '.' || path[parent.size()] == '['));
}

constexpr auto rows_after = [] {
    std::array<std::uint16_t, std::size(table)> out{};
    for (std::size_t i = std::size(table); i-- > 0;) {
        std::size_t next = i + 1;
        while (next < std::size(table) && is_below(table[next].path, table[i].path)) next = out[next];
        out[i] = static_cast<std::uint16_t>(next);
    }
    return out;
}();

}  // namespace

std::span<const Key> keys() noexcept { return table; }
std::size_t row_after(std::size_t row) noexcept { return rows_after[row]; }

}  // namespace gw::config
