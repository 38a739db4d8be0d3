"""What documents have to say when something is wrong with them."""

from __future__ import annotations

from engine.problems import Message

UNKNOWN_ROLE = Message(
    "document-role",
    en="there is no role {name!r} that could print this",
    zh="不存在可打印此单据的角色 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_LINK = Message(
    "document-path",
    en="{field!r} cannot go on after {name!r}, which is no link",
    zh="{field!r} 无法在 {name!r} 之后继续，因为它不是链接字段",
    hint_en="only links lead to the fields of another record",
    hint_zh="只有链接字段才能通向其他记录的字段",
)
NO_LINES = Message(
    "document-lines",
    en="{field!r} are no lines of {object}",
    zh="{field!r} 不是 {object} 的明细字段",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
MANY = Message(
    "document-many-values",
    en="{field!r} are many records, which cannot be printed as one value",
    zh="{field!r} 是多条记录，不能作为单个值打印",
    hint_en="put them into `from:`, or into the line table",
    hint_zh="请写在 `from:` 中，或放入明细表",
)
RELATED = Message(
    "document-related",
    en="{object}.{name} are records of their own, which a document does not read",
    zh="{object}.{name} 是独立的相关记录，单据不会读取",
    hint_en="use a rollup field of {object} instead",
    hint_zh="请改用 {object} 的汇总字段",
)
NO_SUM = Message(
    "document-no-sum",
    en="{field!r} is no number, so it cannot be added up",
    zh="{field!r} 不是数字，无法求和",
)
NO_PICTURE_FIELD = Message(
    "document-no-picture",
    en="{field} holds no picture",
    zh="{field} 不是图片字段",
    hint_en="name a field of type `image`, such as `legal_entity.logo`",
    hint_zh="请使用 `image` 类型的字段，例如 `legal_entity.logo`",
)
NO_AMOUNT = Message(
    "document-no-amount",
    en="{field!r} is no number, so it cannot be written in words",
    zh="{field!r} 不是数字，无法转换为大写",
)
FIELD_OR_TEXT = Message(
    "document-field-or-text",
    en="`field` and `text` stand side by side; only one of them can be printed",
    zh="`field` 与 `text` 同时出现，只能打印其中之一",
    hint_en="keep one of them",
    hint_zh="请只保留一个",
)

UNKNOWN_DOCUMENT = Message(
    "unknown-document",
    en="there is no document {name!r}",
    zh="不存在单据 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想用 {best!r}？",
)
NOT_FOR_ROLE = Message(
    "document-not-for-role",
    en="you may not print {document}",
    zh="您无权打印{document}",
    hint_en="ask a {roles}",
    hint_zh="请联系：{roles}",
)
UNKNOWN_TEMPLATE = Message(
    "unknown-template",
    en="there is no template {name!r}",
    zh="不存在模板 {name!r}",
    hint_en="put {file} into the folder templates/documents of a layer",
    hint_zh="请将 {file} 放入某一层的 templates/documents 文件夹",
)
UNKNOWN_ASSET = Message(
    "unknown-asset",
    en="there is no file {name!r} that could be printed",
    zh="不存在可打印的文件 {name!r}",
    hint_en="put it into the folder assets of a layer",
    hint_zh="请将其放入某一层的 assets 文件夹",
)
LARGE_ASSET = Message(
    "large-asset",
    en="{name!r} has more than {limit} KB",
    zh="{name!r} 超过 {limit} KB",
    hint_en="make the picture smaller",
    hint_zh="请缩小图片",
)
TEMPLATE_FAILED = Message(
    "template-failed",
    en="the template cannot be filled in: {why}",
    zh="模板无法填充：{why}",
)
ADDRESS_REFUSED = Message(
    "address-refused",
    en="the document asks for {address!r}, which is not loaded",
    zh="单据引用了 {address!r}，不允许加载",
    hint_en="put the file into the folder assets of a layer and write asset:NAME",
    hint_zh="请将文件放入某一层的 assets 文件夹，并写作 asset:文件名",
)
TOO_SLOW = Message(
    "document-too-slow",
    en="the document took more than {seconds} seconds and was stopped",
    zh="生成单据超过 {seconds} 秒，已停止",
    hint_en="it is too long, or its template repeats something without end",
    hint_zh="单据过长，或模板中存在无休止的重复",
)
TOO_MUCH_MEMORY = Message(
    "document-too-much-memory",
    en="the document needed more than {limit} MB of memory and was stopped",
    zh="生成单据所需内存超过 {limit} MB，已停止",
    hint_en="it is too long, or its template repeats something without end",
    hint_zh="单据过长，或模板中存在无休止的重复",
)
TOO_LARGE = Message(
    "document-too-large",
    en="the document has more than {limit} MB and was stopped",
    zh="单据超过 {limit} MB，已停止",
    hint_en="it is too long, or its pictures are too large",
    hint_zh="单据过长，或图片过大",
)
BUSY = Message(
    "document-busy",
    en="too many documents are being made at this moment",
    zh="当前正在生成的单据过多",
    hint_en="try again in a moment",
    hint_zh="请稍后再试",
)
IN_BACKGROUND = Message(
    "document-in-background",
    en="Too many documents are being made, so this one is made in the background",
    zh="当前生成的单据较多，已转到后台生成",
    hint_en="you are told when it is ready, and need not wait here",
    hint_zh="完成后会通知您，无需在此等待",
)
GONE = Message(
    "document-gone",
    en="this document is not kept, or no longer",
    zh="该单据不存在或已不再保留",
    hint_en="print it again on the page of the record",
    hint_zh="请在记录页面重新打印",
)
NO_CHINESE_FONT = Message(
    "no-chinese-font",
    en="the document holds Chinese, but no font on this machine can print it",
    zh="单据含有中文，但本机没有可打印中文的字体",
    hint_en="install one, on Debian: apt-get install fonts-wqy-microhei",
    hint_zh="请安装中文字体，Debian 上可用：apt-get install fonts-wqy-microhei",
)
NO_LIBRARY = Message(
    "no-pdf-library",
    en="a library that makes PDF files cannot be loaded: {why}",
    zh="无法加载生成 PDF 所需的库：{why}",
    hint_en="on Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    hint_zh="Debian 上可用：apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
)
FAILED = Message(
    "document-failed",
    en="the document could not be made: {why}",
    zh="无法生成单据：{why}",
)
UNWRITABLE = Message(
    "document-unwritable",
    en="the document cannot be written to {file}: {why}",
    zh="无法将单据写入 {file}：{why}",
    hint_en="name another file or folder",
    hint_zh="请指定其他文件或文件夹",
)
