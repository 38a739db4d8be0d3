"""What webhooks say when they are wrong, or cannot be delivered."""

from __future__ import annotations

from engine.problems import Message

LITERAL_SECRET = Message(
    "literal-secret",
    en="a secret stands here itself, where everybody who sees the definitions can read it",
    zh="此处直接写了密钥，任何能查看定义的人都能看到",
    hint_en="write {{secret: NAME}} and set FORMWRIGHT_SECRETS_NAME; then replace this secret",
    hint_zh="请写 {{secret: 名称}} 并设置 FORMWRIGHT_SECRETS_名称；随后更换此密钥",
)
SECRET_NAME = Message(
    "webhook-secret-name",
    en="this names no secret",
    zh="此处不是密钥名称",
    hint_en="names have capital letters, digits and underscores only, such as ERP_KEY",
    hint_zh="名称仅限大写字母、数字和下划线，例如 ERP_KEY",
)
HEADER_RESERVED = Message(
    "webhook-header",
    en="the header {name} is not for a definition to set",
    zh="不可在定义中设置请求头 {name}",
    hint_en="leave it out",
    hint_zh="请去掉",
)
HEADER_VALUE = Message(
    "webhook-header-value",
    en="the value of the header {name} has characters that cannot be sent",
    zh="请求头 {name} 的值含有无法发送的字符",
    hint_en="use printable ASCII characters",
    hint_zh="请使用可打印的 ASCII 字符",
)
OPEN_ADDRESS = Message(
    "webhook-not-encrypted",
    en="the address is not encrypted, and {host} is no name of an internal network",
    zh="该地址未加密，且 {host} 不是内部网络的名称",
    hint_en="use https",
    hint_zh="请使用 https",
)
UNKNOWN_RUN_AS = Message(
    "webhook-role",
    en="there is no role {name!r} that could read what is sent",
    zh="不存在可读取发送内容的角色 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_WEBHOOK = Message(
    "unknown-webhook",
    en="there is no webhook {name!r}",
    zh="不存在 Webhook {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NEVER_READS = Message(
    "webhook-reads-nothing",
    en="the webhook {webhook} runs as {role}, which may not read {object}",
    zh="Webhook {webhook} 以 {role} 运行，而该角色无权查看{object}",
    hint_en="grant it `read: all`, or let the webhook run as another role",
    hint_zh="请授予 `read: all`，或让 Webhook 以其他角色运行",
)
READS_AS_NOBODY = Message(
    "webhook-scope",
    en="the webhook {webhook} runs as {role}, which reads {object} by the scope {scope!r}; "
    "it is nobody's own, so nothing would be sent",
    zh="Webhook {webhook} 以 {role} 运行，该角色对{object}的查看范围为 {scope!r}；"
    "Webhook 不属于任何人，因此不会发送任何内容",
    hint_en="let it run as a role with `read: all` on {object}",
    hint_zh="请让它以对{object}有 `read: all` 的角色运行",
)

MISSING_SECRET = Message(
    "missing-secret",
    en="{webhook} needs the secret {name}, which is not set",
    zh="{webhook} 需要密钥 {name}，但尚未设置",
    hint_en="set FORMWRIGHT_SECRETS_{name} for every process, and start them again",
    hint_zh="请为所有进程设置 FORMWRIGHT_SECRETS_{name} 并重新启动",
)
SHORT_SECRET = Message(
    "weak-secret",
    en="the secret {name} has fewer than {least} characters, so signatures could be forged",
    zh="密钥 {name} 少于 {least} 个字符，签名可能被伪造",
    hint_en="make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
    hint_zh="可用以下命令生成：python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
BAD_SECRET = Message(
    "bad-secret",
    en="the secret {name} cannot be used: it begins with whsec_, but what follows is no Base64",
    zh="密钥 {name} 不可用：以 whsec_ 开头，但其后不是 Base64",
)
GONE = Message(
    "webhook-gone",
    en="{webhook} answered that it is gone for good (410)",
    zh="{webhook} 应答该地址已永久失效（410）",
    hint_en="correct its address, or remove the webhook",
    hint_zh="请更正地址，或移除该 Webhook",
)
NOT_ACCEPTED = Message(
    "webhook-not-accepted",
    en="{webhook} answered {status}: {answer}",
    zh="{webhook} 应答 {status}：{answer}",
)
RESTING = Message(
    "webhook-resting",
    en="{webhook} did not answer just now, so it is left alone for a moment",
    zh="{webhook} 刚才没有应答，暂缓片刻后重试",
)
