/* gateway.h: everything, in reading order. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/base.h"
/* the building blocks, each usable alone */
#include "gateway/http.h"
#include "gateway/sse.h"
#include "gateway/ws.h"
#include "gateway/router.h"
#include "gateway/inspector.h"
/* the gateway */
#include "gateway/config.h"
#include "gateway/store.h"
#include "gateway/event.h"
#include "gateway/conn.h"
#include "gateway/ask.h"
#include "gateway/request.h"
#include "gateway/agent.h"
#include "gateway/tool.h"
#include "gateway/method.h"
/* a program around it */
#include "gateway/command.h"

#endif /* GATEWAY_GATEWAY_H */
