export { GatewayError } from './lib/errors.js';
export { Gateway } from './lib/gateway.js';
export { inspect, Inspector, RuleSet } from './lib/inspector.js';
export { version } from './lib/native.js';
export { Router } from './lib/router.js';
export { SseDecoder, SseEncoder } from './lib/sse.js';
