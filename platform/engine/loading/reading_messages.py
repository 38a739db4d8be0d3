"""What can be wrong with a file before its content is looked at."""

from __future__ import annotations

from engine.problems import Message, Text

UNREADABLE = Message(
    "unreadable-file",
    en="this file cannot be read: {why}",
    zh="无法读取此文件：{why}",
    hint_en="check that it exists and that you may read it",
    hint_zh="请检查文件是否存在以及读取权限",
)
NOT_A_FILE = Message(
    "not-a-file",
    en="this is not a file, although its name ends like one",
    zh="名称看似文件，但它不是普通文件",
    hint_en="rename or remove it",
    hint_zh="请重命名或删除",
)
OUTSIDE = Message(
    "outside-layer",
    en="this link leads out of the layer, to {target}",
    zh="此链接指向层之外：{target}",
    hint_en="copy the file into the layer",
    hint_zh="请将文件复制到层内",
)
TOO_LARGE = Message(
    "file-too-large",
    en="this file is larger than {limit} KiB",
    zh="此文件超过 {limit} KiB",
    hint_en="bring data in with `formwright import`",
    hint_zh="数据请使用 `formwright import` 导入",
)
NOT_UTF8 = Message(
    "not-utf8",
    en="this is not UTF-8 text",
    zh="此处不是 UTF-8 文本",
    hint_en="save the file as UTF-8",
    hint_zh="请将文件保存为 UTF-8 编码",
)
TAB = Message(
    "tab",
    en="a tab stands here",
    zh="此处有制表符",
    hint_en="use spaces; in a quoted text write \\t",
    hint_zh="请使用空格；在双引号文本中写 \\t",
)
CONTROL_CHARACTER = Message(
    "control-character",
    en="the character {code} is not allowed here",
    zh="此处不允许字符 {code}",
    hint_en="delete it",
    hint_zh="请删除",
)
NOT_YAML = Message(
    "not-yaml",
    en="this file is not valid YAML: {why}",
    zh="此文件不是有效的 YAML：{why}",
)
EMPTY_FILE = Message(
    "empty-file",
    en="this file is empty",
    zh="此文件为空",
    hint_en="begin with its head key, such as `object: …`, or delete the file",
    hint_zh="请以首键开头，如 `object: …`，或删除此文件",
)
SEVERAL_DOCUMENTS = Message(
    "several-documents",
    en="a second document begins here",
    zh="此处开始了第二个文档",
    hint_en="write one thing per file, without `---` between",
    hint_zh="每个文件只写一项，中间不要用 `---`",
)
TAG = Message(
    "tag",
    en="the tag {tag} is not allowed",
    zh="不允许使用标签 {tag}",
    hint_en="leave it out; put a text that begins with `!` in quotes",
    hint_zh="请去掉；以 `!` 开头的文本请加引号",
)
ANCHOR = Message(
    "anchor",
    en="the anchor &{name} is not allowed",
    zh="不允许使用锚点 &{name}",
    hint_en="write it out or share it by a layer; put a text that begins with `&` in quotes",
    hint_zh="请写出完整的值或用层共享；以 `&` 开头的文本请加引号",
)
ALIAS = Message(
    "alias",
    en="the alias *{name} is not allowed",
    zh="不允许使用别名 *{name}",
    hint_en="write it out or share it by a layer; put a text that begins with `*` in quotes",
    hint_zh="请写出完整的值或用层共享；以 `*` 开头的文本请加引号",
)
MERGE_KEY = Message(
    "merge-key",
    en="the merge key << is not allowed",
    zh="不允许使用合并键 <<",
    hint_en="write the keys out, or share them by a layer",
    hint_zh="请写出各键，或用层共享",
)
KEY_NOT_TEXT = Message(
    "key-not-text",
    en="this key is {found}, not a text",
    zh="此键是 {found}，不是文本",
    hint_en="put the key in quotes",
    hint_zh="请给键加上引号",
)
A_COLLECTION = Text({"en": "a list or a map", "zh": "列表或映射"})
NOTHING = Text({"en": "nothing", "zh": "空"})
DUPLICATE_KEY = Message(
    "duplicate-key",
    en="the key {key!r} stands here twice, first on line {first}",
    zh="键 {key!r} 重复，首次出现在第 {first} 行",
    hint_en="keep one of the two",
    hint_zh="请只保留一个",
)
LONG_NUMBER = Message(
    "long-number",
    en="this number is too long",
    zh="此数字过长",
    hint_en="put it in quotes if it is a text",
    hint_zh="如果它是文本，请加引号",
)
TOO_DEEP = Message(
    "too-deep",
    en="this is nested more than {limit} levels deep",
    zh="此处嵌套超过 {limit} 层",
    hint_en="make it flatter",
    hint_zh="请减少嵌套",
)
TOO_MANY_NODES = Message(
    "too-many-values",
    en="this file holds more than {limit} values",
    zh="此文件的值超过 {limit} 个",
    hint_en="split it, or bring data in with `formwright import`",
    hint_zh="请拆分文件，或用 `formwright import` 导入数据",
)
