"""What `formwright demo` says."""

from __future__ import annotations

from engine.problems import Message, Text

PORT_TAKEN = Message(
    "demo-port",
    en="port {port} of this machine cannot be used: {why}",
    zh="无法使用本机端口 {port}：{why}",
    hint_en="choose another one: PORT=8081 make demo, or formwright demo --port 8081",
    hint_zh="请换一个端口：PORT=8081 make demo，或 formwright demo --port 8081",
)
BUILDING = Text(
    {
        "en": "Building the company's year up to {today}; this takes about a minute.",
        "zh": "正在生成截至 {today} 的一年业务数据，约需一分钟。",
    }
)
CHANGED = Text(
    {
        "en": "The definitions have changed since the data were built; "
        "`formwright demo --fresh` builds them anew.",
        "zh": "数据生成之后定义已有变化；可用 `formwright demo --fresh` 重新生成。",
    }
)
RESET = Text({"en": "make demo ARGS=--fresh", "zh": "make demo ARGS=--fresh"})
READY = Text(
    {
        "en": "The history ends on {today}. To start over: {reset}\n"
        "Sign in with one of these accounts (the passwords are new at each start):",
        "zh": "业务历史截至 {today}。如需重来：{reset}\n请用以下账号登录（每次启动都会更换密码）：",
    }
)
SERVING = Text(
    {
        "en": "\n  {address}\n\nOnly this machine can reach it. Ctrl+C ends it.",
        "zh": "\n  {address}\n\n仅本机可以访问，按 Ctrl+C 结束。",
    }
)
