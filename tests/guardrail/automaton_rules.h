// A table of expressions as guardrail rules have them: credentials, personal data, injection phrases, commands, paths.
// Not the product's rule pack: a fixed workload for the tests and benchmarks of the automaton.
#pragma once

#include <string_view>

#include "guardrail/automaton_set.h"

namespace gw::test {

struct AutomatonRule {
    guardrail::Kind kind;
    std::string_view text;
};

inline constexpr guardrail::Kind mask = guardrail::Kind::mask;
inline constexpr guardrail::Kind stop = guardrail::Kind::stop;

inline constexpr AutomatonRule automaton_rules[] = {
    // credentials
    {mask, R"re(\b(?:AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA)[0-9A-Z]{16,}\b)re"},
    {mask, R"re((?i)aws_secret_access_key\s*[:=]\s*["']?[A-Za-z0-9/+=]{30,})re"},
    {mask, R"re(sk-ant-[A-Za-z0-9_-]{20,})re"},
    {mask, R"re(sk-proj-[A-Za-z0-9_-]{20,})re"},
    {mask, R"re(\bsk-[A-Za-z0-9]{40,})re"},
    {mask, R"re(\b[sr]k_(?:live|test)_[0-9a-zA-Z]{20,})re"},
    {mask, R"re(\bgh[pousr]_[A-Za-z0-9]{36,})re"},
    {mask, R"re(github_pat_[A-Za-z0-9_]{22,})re"},
    {mask, R"re(glpat-[A-Za-z0-9_-]{20,})re"},
    {mask, R"re(AIza[0-9A-Za-z_-]{35}\b)re"},
    {mask, R"re(xox[bporas]-[0-9A-Za-z-]{10,})re"},
    {mask, R"re(hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,})re"},
    {mask, R"re(discord(?:app)?\.com/api/webhooks/\d{15,20}/[\w-]{40,})re"},
    {mask, R"re(-----BEGIN (?:RSA |EC |OPENSSH |PGP |DSA )?PRIVATE KEY(?: BLOCK)?-----)re"},
    {mask, R"re(\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})re"},
    {mask, R"re((?i)(?:mongodb(?:\+srv)?|postgres(?:ql)?|mysql|redis|amqp)://[^\s:@/]+:[^\s@/]+@)re"},
    {mask, R"re((?i)(?:authorization|bearer)\s*[:=]\s*bearer\s+[A-Za-z0-9._~+/=-]{16,})re"},
    {mask, R"re(\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})re"},
    {mask, R"re(\bSK[0-9a-f]{32}\b)re"},
    {mask, R"re(\bnpm_[A-Za-z0-9]{36,})re"},
    {mask, R"re(pypi-[A-Za-z0-9_-]{50,})re"},
    {mask, R"re((?i)(?:secret|api[_-]?key|access[_-]?token|auth[_-]?token)["']?\s*[:=]\s*["'][0-9a-f]{32,}["'])re"},
    {mask, R"re((?i)\b(?:password|passwd|pwd)\s*[:=]\s*[^\s"']{8,})re"},
    {mask, R"re(\bhf_[A-Za-z0-9]{34}\b)re"},
    {mask, R"re(\bdop_v1_[0-9a-f]{64}\b)re"},
    {mask, R"re(\bya29\.[0-9A-Za-z_-]{20,})re"},
    {mask, R"re(\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b)re"},
    {mask, R"re(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})re"},
    {mask, R"re(\bdckr_pat_[A-Za-z0-9_-]{27}\b)re"},
    {mask, R"re([MN][A-Za-z\d]{23}\.[\w-]{6}\.[\w-]{27})re"},
    // personal data
    {mask, R"re(\b(?:00[1-9]|0[1-9]\d|[1-578]\d\d|6[0-57-9]\d|66[0-57-9])-(?:0[1-9]|[1-9]\d)-(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})\b)re"},
    {mask, R"re(\b4\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b)re"},
    {mask, R"re(\b5[1-5]\d{2}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b)re"},
    {mask, R"re(\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b)re"},
    {mask, R"re(\b6(?:011|5\d{2})[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b)re"},
    {mask, R"re(\b[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}\b)re"},
    {mask, R"re((?i)\b(?:mrn|medical[ _-]?record(?:[ _-]?(?:number|no))?|patient[ _-]?id)\s*[:#=]?\s*\d{6,12}\b)re"},
    {mask, R"re((?i)\b(?:dob|date[ _-]of[ _-]birth|birth[ _-]?date)\s*[:=]?\s*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b)re"},
    {mask, R"re(\b\d{3} \d{3} \d{4}\b)re"},
    {mask, R"re((?i)"(?:ssn|card_number|account_number)"\s*:\s*"?\d{6,19}"?[^{}]{0,200}"(?:ssn|card_number|account_number)"\s*:\s*"?\d{6,19})re"},
    // injection and trust
    {stop, R"re((?i)\bI am (?:your|the) (?:developer|admin(?:istrator)?|owner|creator)\b[\s\S]{0,120}\b(?:ignore|override|obey|reveal|bypass)\b)re"},
    {stop, R"re((?i)\b(?:enter|enable|activate)\s+(?:maintenance|debug|admin|developer|god)\s+mode\b[^.\n]{0,80}\b(?:bypass|ignore|without)\b)re"},
    {stop, R"re((?im)(?:^|[.!?:;\n]\s*|system:\s*)(?:disable|override|bypass|turn off)\s+(?:all\s+|your\s+|the\s+)?(?:guardrails|safety|filters|restrictions))re"},
    {stop, R"re((?i)your\s+(?:guardrails|safety\s+filters|restrictions)\s+(?:are|have\s+been)\s+(?:now\s+)?(?:disabled|removed|lifted))re"},
    {stop, R"re((?i)your\s+instructions\s+have\s+(?:changed|been\s+updated)[\s\S]{0,100}\b(?:ignore|obey|now\s+do)\b)re"},
    {stop, R"re((?im)(?:^|[.!?:;>"'\n*-]\s*|please\s+|now\s+)ignore\s+(?:all\s+|any\s+)?(?:of\s+)?(?:the\s+|your\s+|my\s+)?(?:previous|prior|above|earlier)\s+(?:instructions?|rules?|guidelines?|context|prompts?))re"},
    {stop, R"re((?i)\bdisregard\s+(?:all\s+|any\s+)?(?:the\s+|your\s+)?(?:previous|prior|above|earlier|programming)(?:\s+(?:instructions?|rules?|guidelines?))?)re"},
    {stop, R"re((?i)\b(?:enable|enter|activate)\s+(?:jailbreak|DAN)(?:\s+mode)?\b|\bDAN\s+mode\s+enabled\b|\bdo\s+anything\s+now\b|\byou\s+are\s+now\s+unfiltered\b)re"},
    {stop, R"re((?i)\b(?:pretend|act)\s+(?:as\s+if\s+|like\s+)?you(?:\s+are|'re)\s+(?:an?\s+)?(?:evil|unrestricted|unfiltered|uncensored))re"},
    {stop, R"re((?i)forget\s+everything\s+(?:you\s+know|you\s+were\s+told)[\s\S]{0,160}?(?:from\s+now\s+on|obey\s+only|without\s+rules))re"},
    {stop, R"re((?i)\bnew\s+instructions?\s*:[\s\S]{0,100}\b(?:ignore|override|reveal)\b[\s\S]{0,60}\b(?:rules|system\s+prompt|secrets)\b)re"},
    {stop, R"re((?i)\boverride\s+(?:previous\s+)?(?:instructions|rules)\b[\s\S]{0,120}\b(?:safety\s+off|without\s+filter|bypass)\b)re"},
    {stop, R"re((?i)\bfrom\s+now\s+on\b[^\n]{0,120}\b(?:ignore|bypass|disable|never\s+refuse|answer\s+without|unrestricted)\b)re"},
    {stop, R"re((?i)\bswitch\s+to\s+(?:an?\s+)?(?:unrestricted|unfiltered)\s+(?:mode|persona))re"},
    {stop, R"re((?i)\b(?:show|reveal|print|repeat|output)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden|initial|original)\s+(?:prompt|instructions|rules))re"},
    {stop, R"re((?i)\b(?:hypothetically|in\s+a\s+fictional\s+scenario|for\s+educational\s+purposes\s+only|this\s+is\s+just\s+a\s+test)\b)re"},
    {stop, R"re((?i)\b(?:remove|ignore|drop)\s+(?:all\s+|any\s+|your\s+)?(?:ethical|moral)\s+(?:limits?|constraints?|guidelines?))re"},
    {stop, R"re((?i)\binvoke\s+the\s+\w+\s+tool\s+without\s+(?:asking|approval|confirmation))re"},
    {stop, R"re((?i)\b(?:act\s+as|you\s+are\s+now|roleplay\s+as)\s+(?:an?\s+)?(?:malicious|evil|unethical|criminal)\b)re"},
    {stop, R"re((?i)(?:\[INST\]|<\|im_start\|>|<\|im_end\|>|<\|endoftext\|>|</system>|<<SYS>>)[\s\S]{0,200}?\b(?:ignore|override|new\s+instructions|you\s+are\s+now)\b)re"},
    {stop, R"re((?i)\brespond\s+only\s+(?:in|with)\s+(?:hex|base64|rot13|binary)\b)re"},
    {stop, R"re((?i)\b(?:start|begin)\s+(?:your\s+(?:answer|response|reply)\s+with|by\s+saying)\s+["']?(?:sure|absolutely|yes|of\s+course))re"},
    {stop, "(?:[A-Za-z0-9][\\x{200b}-\\x{200d}\\x{2060}\\x{feff}]){10,}"},
    {stop, R"re(!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}\?[^)\s]{0,200}\))re"},
    // hosts of exfiltration
    {stop, R"re((?i)\bwebhook\.site\b)re"},
    {stop, R"re((?i)\b[a-z0-9-]+\.ngrok(?:-free)?\.(?:io|app)\b)re"},
    {stop, R"re((?i)\b[a-z0-9]+\.m\.pipedream\.net\b)re"},
    {stop, R"re((?i)\b(?:requestbin\.(?:com|net)|hookbin\.com|burpcollaborator\.net|oast\.(?:fun|pro|live)|interact\.sh)\b)re"},
    {stop, R"re((?i)\b(?:dig|host|nslookup|drill)\b[^\n;|]*(?:\$\(|`)\s*(?:whoami|hostname|id)\b)re"},
    {stop, R"re((?i)\bnslookup\s+[0-9a-f]{8,}\.)re"},
    {stop, R"re(169\.254\.169\.254(?:/latest/meta-data)?)re"},
    {stop, R"re((?i)metadata\.google\.internal|0xa9fea9fe|\b2852039166\b|0251\.0376\.0251\.0376)re"},
    // commands
    {stop, R"re((?i)\bbash\s+-i\s*>&?\s*/dev/tcp/)re"},
    {stop, R"re(/dev/tcp/(?:\d{1,3}(?:\.\d{1,3}){3}|[a-z0-9.-]+)/\d{1,5})re"},
    {stop, R"re(\b(?:nc|ncat|netcat)\b[^\n;|]*(?:\s-e|\s--exec|\s-c)\b)re"},
    {stop, R"re(python[23]?\s+-c\s+["'].*socket.*connect)re"},
    {stop, R"re(\b(?:curl|wget)\b[^\n;]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b)re"},
    {stop, R"re(\bbase64\s+(?:-d|--decode)\b[^\n;]*\|\s*(?:ba|z)?sh\b)re"},
    {stop, R"re((?i)\b(?:iwr|invoke-webrequest)\b[^\n;]*\|\s*iex\b)re"},
    {stop, R"re(\beval\s*[("'$`])re"},
    {stop, R"re(\b(?:bash|sh|zsh)\s+-c\s)re"},
    {stop, R"re(\brm\s+(?:-[a-zA-Z]*[rR][a-zA-Z]*f[a-zA-Z]*|-[a-zA-Z]*f[a-zA-Z]*[rR][a-zA-Z]*)\s+/(?:\s|\*|$|etc|usr|var|home|boot|lib))re"},
    {stop, R"re(\bmkfs(?:\.\w+)?\s)re"},
    {stop, R"re(\bdd\s+[^\n;|]*if=/dev/)re"},
    {stop, R"re(\bchmod\s+(?:-R\s+)?(?:0?777|[ao]\+w)\b)re"},
    {stop, R"re(\bchown\s+(?:-R\s+)?root\b)re"},
    {stop, R"re(>{1,2}\s*/etc/\w+)re"},
    {stop, R"re(\bcrontab\s+-[elr]\b)re"},
    {stop, R"re(\b(?:env|printenv)\b[^;\n]*\|\s*(?:curl|wget|nc)\b)re"},
    {stop, R"re(\bcat\s+[^\n;|]*(?:\.ssh/|\.aws/|\.env)[^\n;]*\|\s*(?:curl|wget|nc)\b)re"},
    {stop, R"re(\bssh\s+[^\n;|]*-R\s*\d+:)re"},
    {stop, R"re((?i)\b(?:claude|codex|gemini)\b[^\n;|]*--(?:dangerously-skip-permissions|yolo|no-sandbox)\b)re"},
    {stop, R"re(\bgit\b[^\n;|]*--no-verify\b)re"},
    {stop, R"re(\bhistory\s+-c\b|\bunset\s+HISTFILE\b)re"},
    {stop, R"re(:\s*\(\s*\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:)re"},
    {stop, R"re(\bkill(?:all)?\s+-9\s+-1\b)re"},
    {stop, R"re(\bkubectl\s+exec\b|\boc\s+exec\b|\bdocker\s+-H\s+\S+\s+exec\b)re"},
    {stop, R"re((?i)\baws\s+secretsmanager\s+get-secret-value\b|\bgcloud\s+secrets\s+versions\s+access\b|\bvault\s+kv\s+get\b)re"},
    // paths
    {stop, R"re((?:~|\$HOME|\$\{HOME\}|/home/\w+|/root|/Users/\w+)/\.ssh/(?:id_(?:rsa|dsa|ecdsa|ed25519))?)re"},
    {stop, R"re(/etc/(?:shadow|passwd|sudoers)\b)re"},
    {stop, R"re(\.aws/(?:credentials|config)\b|\.kube/config\b|\.docker/config\.json|\.netrc\b|\.git-credentials\b)re"},
    {stop, R"re((?:^|[\s/"'])\.env(?:\.(?:local|production|development))?\b)re"},
    {stop, R"re(/proc/(?:self|\d+)/environ\b)re"},
    {stop, R"re(\b(?:SOUL|IDENTITY|MEMORY|TOOLS|AGENTS|CLAUDE)\.md\b)re"},
    {stop, R"re((?:^|\n)[^\r\n]*\bBEGIN SYSTEM PROMPT\b)re"},
    {stop, R"re(.*\bEND OF CONFIDENTIAL\b)re"},
};

}  // namespace gw::test
