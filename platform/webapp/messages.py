"""What the web application says besides what the engine refuses."""

from __future__ import annotations

from engine.problems import Message

NOT_SIGNED_IN = Message(
    "not-signed-in",
    en="this needs somebody who is signed in",
    zh="请先登录",
    hint_en="send a token from /api/v1/security/login, or an API key, as `Authorization: Bearer …`",
    hint_zh="请在请求头 `Authorization: Bearer …` 中提供 /api/v1/security/login 的令牌或 API 密钥",
)
BAD_TOKEN = Message(
    "token-not-valid",
    en="the token is not valid, or not any more",
    zh="令牌无效或已失效",
    hint_en="sign in again",
    hint_zh="请重新登录",
)
SIGN_IN_FAILED = Message(
    "sign-in-failed",
    en="account or password is wrong",
    zh="账号或密码错误",
)
LOCKED_OUT = Message(
    "too-many-attempts",
    en="too many failed attempts; try again in {seconds} seconds",
    zh="失败次数过多，请在 {seconds} 秒后重试",
)
READ_ONLY_KEY = Message(
    "forbidden-key",
    en="this API key may only read",
    zh="此 API 密钥仅可读取",
    hint_en="use a key without this limit",
    hint_zh="请使用没有此限制的密钥",
)
CSRF = Message(
    "csrf-token",
    en="the request carries no valid CSRF token",
    zh="请求缺少有效的 CSRF 令牌",
    hint_en="send `csrf_token` of GET me in the header X-CSRFToken",
    hint_zh="请将 GET me 返回的 `csrf_token` 放入请求头 X-CSRFToken",
)
FORBIDDEN_PAGE = Message(
    "forbidden-page",
    en="your roles do not allow this",
    zh="您的角色不允许此操作",
    hint_en="ask an administrator",
    hint_zh="请联系管理员",
)
NO_SUCH_PAGE = Message("no-such-page", en="there is nothing at this address", zh="此地址不存在内容")
BAD_METHOD = Message(
    "method-not-allowed", en="{method} is not possible here", zh="此处不支持 {method}"
)
BAD_REQUEST = Message("bad-request", en="the request is not usable", zh="请求无法处理")
UNKNOWN_PARAMETER = Message(
    "unknown-parameter",
    en="there is no parameter {name!r} here",
    zh="此处没有名为 {name!r} 的参数",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
REPEATED_PARAMETER = Message(
    "repeated-parameter",
    en="{name} was given {count} times",
    zh="{name} 出现了 {count} 次",
    hint_en="give it once",
    hint_zh="请只写一次",
)
BAD_CHARACTERS = Message(
    "unusable-characters",
    en="{name} contains characters that no text can hold (NUL or half a surrogate pair)",
    zh="{name} 含有文本不允许的字符（NUL 或不成对的代理码位）",
)
NOT_JSON = Message(
    "json-needed",
    en="this takes JSON; the content type is {found!r}",
    zh="此处需要 JSON；当前内容类型为 {found!r}",
    hint_en="send `Content-Type: application/json`",
    hint_zh="请设置 `Content-Type: application/json`",
)
BAD_JSON = Message(
    "json-syntax",
    en="the body is not usable JSON: {reason}",
    zh="请求体不是可用的 JSON：{reason}",
)
BAD_SHAPE = Message(
    "json-shape",
    en="the body must be {expected}",
    zh="请求体应为{expected}",
)
TOO_LARGE = Message(
    "body-too-large",
    en="the body is larger than {limit} bytes",
    zh="请求体超过 {limit} 字节",
)
TOO_MANY = Message(
    "too-many-records",
    en="{found} records at once, at most {limit} are possible",
    zh="一次提交了 {found} 条记录，上限为 {limit} 条",
    hint_en="split them into several requests, or import a file",
    hint_zh="请分批提交，或使用文件导入",
)
BAD_IF_MATCH = Message(
    "bad-if-match",
    en="If-Match must be the ETag of the record, such as {example}",
    zh="If-Match 应为记录的 ETag，例如 {example}",
)
BAD_KEY = Message(
    "bad-idempotency-key",
    en="Idempotency-Key must be 1 to 200 visible ASCII characters",
    zh="Idempotency-Key 应为 1 至 200 个可见 ASCII 字符",
)
KEY_REUSED = Message(
    "idempotency-key-reused",
    en="this Idempotency-Key was used for another request",
    zh="此 Idempotency-Key 已用于另一个请求",
    hint_en="choose a new key for each request",
    hint_zh="请为每个请求使用新的键",
)
NOT_A_KEY_FIELD = Message(
    "not-a-unique-field",
    en="{field} of {object} is not unique, so it identifies no record",
    zh="{object}的{field}不是唯一字段，无法确定记录",
    hint_en="use one of: {possible}",
    hint_zh="可用字段：{possible}",
)
OTHER_VALUE = Message(
    "value-differs",
    en="{field} in the body differs from the address",
    zh="请求体中的{field}与地址中的不一致",
    hint_en="leave it out, or make both equal",
    hint_zh="请省略该字段，或使两者一致",
)
TOO_SLOW = Message(
    "query-too-slow",
    en="the query took too long and was ended",
    zh="查询耗时过长，已中止",
    hint_en="narrow it down, or ask for less",
    hint_zh="请缩小查询范围",
)
BUSY = Message(
    "database-busy",
    en="the database does not answer at the moment",
    zh="数据库暂时无响应",
    hint_en="try again in a moment",
    hint_zh="请稍后重试",
)
CHANGING = Message(
    "revision-changing",
    en="the definitions are being changed at this moment; nothing was written",
    zh="定义正在更新，未写入任何内容",
    hint_en="try again in a moment",
    hint_zh="请稍后重试",
)
NOT_BUILT = Message(
    "revision-not-built",
    en="revision {revision} is in force, but this server cannot run it: nothing can be changed"
    " until that is mended; reading goes on as before",
    zh="版本 {revision} 已生效，但本服务器无法运行该版本：修复之前无法更改任何内容，查看不受影响",
    hint_en="an administrator finds the reason in the log; nothing was written",
    hint_zh="管理员可在日志中查看原因；未写入任何内容",
)
INTERNAL = Message(
    "internal-error",
    en="something went wrong on our side; it was written down as {id}",
    zh="系统内部出错，错误编号 {id}",
    hint_en="tell an administrator the number",
    hint_zh="请将编号告知管理员",
)
