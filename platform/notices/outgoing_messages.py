"""What outgoing requests say when they cannot be sent."""

from __future__ import annotations

from engine.problems import Message, Text

CHARACTERS = Text(
    {
        "en": "it has characters that no address has, or more than 2,000",
        "zh": "含有地址不允许的字符，或超过 2000 个字符",
    }
)
SCHEME = Text(
    {"en": "it must begin with https:// or http://", "zh": "须以 https:// 或 http:// 开头"}
)
HOST = Text(
    {
        "en": "its host or port is not usable",
        "zh": "主机名或端口不可用",
    }
)
FRAGMENT = Text({"en": "a part after # is never sent", "zh": "# 之后的部分不会被发送"})

BAD_URL = Message(
    "outgoing-url",
    en="this address cannot be called: {why}",
    zh="无法调用此地址：{why}",
    hint_en="write it like https://erp.example.com/hooks",
    hint_zh="请写成 https://erp.example.com/hooks 的形式",
)
CREDENTIALS_IN_URL = Message(
    "outgoing-credentials",
    en="the address holds a user name or password",
    zh="地址中含有用户名或密码",
    hint_en="send them as a header: `headers: {{Authorization: {{secret: NAME}}}}`",
    hint_zh="请用请求头发送：`headers: {{Authorization: {{secret: 名称}}}}`",
)
NOT_ENCRYPTED = Message(
    "outgoing-not-encrypted",
    en="{origin} is not encrypted",
    zh="{origin} 未加密",
    hint_en="use https, or let an administrator add {host} to FORMWRIGHT_OUTGOING_ALLOW",
    hint_zh="请使用 https，或由管理员将 {host} 加入 FORMWRIGHT_OUTGOING_ALLOW",
)
PORT_REFUSED = Message(
    "outgoing-port",
    en="{origin} is not called: its port belongs to another service than HTTP",
    zh="不会调用 {origin}：该端口属于 HTTP 以外的服务",
    hint_en="if it is right, let an administrator add {host} to FORMWRIGHT_OUTGOING_ALLOW",
    hint_zh="如确有需要，请由管理员将 {host} 加入 FORMWRIGHT_OUTGOING_ALLOW",
)
ADDRESS_NOT_PUBLIC = Message(
    "outgoing-not-public",
    en="{origin} is not called: it leads to {address}, which is not on the public internet",
    zh="不会调用 {origin}：它指向 {address}，不属于公共互联网",
    hint_en="if it is yours, let an administrator add {host} to FORMWRIGHT_OUTGOING_ALLOW",
    hint_zh="如为自有服务，请由管理员将 {host} 加入 FORMWRIGHT_OUTGOING_ALLOW",
)
NO_ADDRESS = Message(
    "outgoing-no-address",
    en="the name of {origin} cannot be resolved: {why}",
    zh="无法解析 {origin} 的主机名：{why}",
)
NOT_REACHED = Message(
    "outgoing-not-reached",
    en="{origin} was not reached: {why}",
    zh="无法连接 {origin}：{why}",
)
BAD_CERTIFICATE = Message(
    "outgoing-certificate",
    en="the certificate of {origin} is not valid: {why}",
    zh="{origin} 的证书无效：{why}",
    hint_en="for an authority of your own, name its file in SSL_CERT_FILE",
    hint_zh="如使用自建证书机构，请用 SSL_CERT_FILE 指定其证书文件",
)
NO_ANSWER = Message(
    "outgoing-no-answer",
    en="{origin} gave no answer within {seconds} seconds",
    zh="{origin} 在 {seconds} 秒内没有应答",
)
