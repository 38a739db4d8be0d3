"""Every sentence that the expression language can say when something is wrong."""

from __future__ import annotations

from engine.problems import Message

SYNTAX = Message(
    "expression-syntax",
    en="this is not an expression: {reason}",
    zh="这不是有效的表达式：{reason}",
    hint_en='expressions look like `amount * 2 > 100 and stage == "won"`',
    hint_zh='表达式的写法例如 `amount * 2 > 100 and stage == "won"`',
)
BLANK = Message(
    "expression-blank",
    en="there is no expression here",
    zh="此处没有表达式",
    hint_en="write one, or remove the key",
    hint_zh="请填写表达式，或删除该键",
)
NOT_ALLOWED = Message(
    "expression-not-allowed",
    en="{what} is not part of the expression language",
    zh="表达式语言不支持 {what}",
    hint_en="{instead}",
    hint_zh="{instead}",
)
TOO_LARGE = Message(
    "expression-too-large",
    en="the expression is too large: {what} {found}, at most {limit} are allowed",
    zh="表达式过大：{what}为 {found}，上限为 {limit}",
    hint_en="split it into several formulas",
    hint_zh="请拆分为多个公式",
)
UNKNOWN_NAME = Message(
    "unknown-name",
    en="{object!r} has no member {name!r}",
    zh="{object!r} 没有名为 {name!r} 的成员",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_SETTINGS = Message(
    "unknown-settings",
    en="there is no settings object {name!r}",
    zh="没有名为 {name!r} 的设置对象",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
SETTINGS_RECORDS = Message(
    "settings-records",
    en="{name!r} holds records, and only single values can be read from settings",
    zh="{name!r} 是多条记录，而设置中只能读取单个值",
    hint_en="read the records through a link of the record at hand",
    hint_zh="请通过当前记录的关联字段读取这些记录",
)
UNKNOWN_FUNCTION = Message(
    "unknown-function",
    en="there is no function {name!r}",
    zh="没有名为 {name!r} 的函数",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_OPTION = Message(
    "unknown-option",
    en="{option!r} is not one of the options {options}",
    zh="{option!r} 不在可选项 {options} 之中",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_ATTRIBUTE = Message(
    "unknown-attribute",
    en="the options of {member!r} carry no {name!r}",
    zh="{member!r} 的选项没有属性 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_MEMBERS = Message(
    "no-members",
    en="{found} has no members",
    zh="{found}没有成员",
    hint_en="only records and choices can stand before a dot",
    hint_zh="只有记录和选项可以写在点号之前",
)
FUNCTION_AS_VALUE = Message(
    "function-as-value",
    en="{name!r} is a function and needs brackets",
    zh="{name!r} 是函数，需要加括号",
    hint_en="write {name}(…)",
    hint_zh="请写成 {name}(…)",
)
ARGUMENT_COUNT = Message(
    "argument-count",
    en="{name!r} takes {expected}, but {found} were given",
    zh="{name!r} 需要 {expected}，但给出了 {found} 个",
    hint_en="the form is {form}",
    hint_zh="写法是 {form}",
)
ARGUMENT_TYPE = Message(
    "argument-type",
    en="argument {argument!r} of {name!r} is {found}, expected {expected}",
    zh="{name!r} 的参数 {argument!r} 是{found}，应为{expected}",
    hint_en="the form is {form}",
    hint_zh="写法是 {form}",
)
OPERANDS = Message(
    "operand-types",
    en="{left} and {right} cannot be {done}",
    zh="{left}与{right}不能{done}",
    hint_en="{instead}",
    hint_zh="{instead}",
)
NOT_COMPARABLE = Message(
    "not-comparable",
    en="{left} and {right} cannot be compared with {operator!r}",
    zh="{left}与{right}不能用 {operator!r} 比较",
    hint_en="{instead}",
    hint_zh="{instead}",
)
ONLY_WHETHER_EMPTY = Message(
    "only-whether-empty",
    en="{name} holds {what}: an expression can only ask whether it is empty",
    zh="{name} 保存的是{what}：表达式只能判断其是否为空",
    hint_en="write `{name} is empty` or `{name} is not empty`",
    hint_zh="请写 `{name} is empty` 或 `{name} is not empty`",
)
COMPARED_WITH_EMPTY = Message(
    "compared-with-empty",
    en="a comparison with empty is never true",
    zh="与空值比较永远不成立",
    hint_en="write `is empty` or `is not empty`",
    hint_zh="请写 `is empty` 或 `is not empty`",
)
ONLY_IS_EMPTY = Message(
    "only-is-empty",
    en="`is` can only be followed by `empty` or `not empty`",
    zh="`is` 之后只能写 `empty` 或 `not empty`",
    hint_en="use == to compare",
    hint_zh="比较请使用 ==",
)
NOT_A_CONDITION = Message(
    "not-a-condition",
    en="{found} stands where a condition is expected",
    zh="此处应为条件，却是{found}",
    hint_en="compare it with something, or write `is not empty`",
    hint_zh="请与某个值比较，或写 `is not empty`",
)
BRANCHES = Message(
    "different-branches",
    en="the values must be of one kind, but they are {left} and {right}",
    zh="各个值必须是同一种类，但分别是{left}与{right}",
    hint_en="make them the same kind",
    hint_zh="请统一它们的种类",
)
WRONG_RESULT = Message(
    "wrong-result",
    en="the expression gives {found}, expected {expected}",
    zh="表达式的结果是{found}，应为{expected}",
    hint_en="{instead}",
    hint_zh="{instead}",
)
NEEDS_GENERATOR = Message(
    "needs-records",
    en="{name!r} needs records to go through",
    zh="{name!r} 需要一组记录",
    hint_en="write {name}({form})",
    hint_zh="请写成 {name}({form})",
)
NOT_RECORDS = Message(
    "not-records",
    en="{found} cannot be gone through",
    zh="{found}不能逐条处理",
    hint_en="only lines and related records can stand after `in` here",
    hint_zh="此处 `in` 之后只能是明细行或相关记录",
)
AGGREGATE_TYPE = Message(
    "aggregate-type",
    en="{name!r} cannot take {found}",
    zh="{name!r} 不能用于{found}",
    hint_en="{instead}",
    hint_zh="{instead}",
)
NAME_TAKEN = Message(
    "name-taken",
    en="{name!r} already means something here",
    zh="{name!r} 在此处已有含义",
    hint_en="choose another name for the loop",
    hint_zh="请为循环变量另取名称",
)
NO_CLOCK = Message(
    "no-clock",
    en="a stored value cannot depend on {name!r}: it would be stale tomorrow",
    zh="存储的值不能依赖 {name!r}：明天就会过期",
    hint_en="make the formula virtual, or use a date field",
    hint_zh="请将公式改为虚拟公式，或使用日期字段",
)
NO_USER = Message(
    "no-user",
    en="a value that is the same for everybody cannot depend on 'user'",
    zh="对所有人相同的值不能依赖 'user'",
    hint_en="use a field of the record, such as its owner",
    hint_zh="请使用记录的字段，例如负责人",
)
BAD_NUMBER = Message(
    "bad-number",
    en="{source!r} is not a number here",
    zh="{source!r} 在此处不是有效的数字",
    hint_en="write plain decimals with at most {digits} digits",
    hint_zh="请使用普通十进制数，最多 {digits} 位",
)
BAD_TEXT = Message(
    "bad-text",
    en="the text contains a character that cannot be stored",
    zh="文本包含无法存储的字符",
    hint_en="remove NUL and lone surrogates",
    hint_zh="请删除 NUL 与孤立的代理字符",
)
BAD_DATE = Message(
    "bad-date",
    en="{text!r} is not a date",
    zh="{text!r} 不是日期",
    hint_en='write date("2026-01-31")',
    hint_zh='请写成 date("2026-01-31")',
)
LITERAL_NEEDED = Message(
    "literal-needed",
    en="argument {argument!r} of {name!r} must be written out, not computed",
    zh="{name!r} 的参数 {argument!r} 必须直接写出，不能计算",
    hint_en="the form is {form}",
    hint_zh="写法是 {form}",
)
NO_TREE = Message(
    "no-tree",
    en="{object!r} is no tree, so {name!r} has nothing to follow",
    zh="{object!r} 不是树形对象，无法使用 {name!r}",
    hint_en="make its link to the record above a field with type: parent",
    hint_zh="请将指向上级记录的链接改为 type: parent",
)
NOT_FOLDED = Message(
    "not-folded",
    en="{name!r} needs a searchable text member",
    zh="{name!r} 需要可搜索的文本成员",
    hint_en="make the field searchable, or use contains()",
    hint_zh="请将字段设为可搜索，或使用 contains()",
)
TEXT_GROWS = Message(
    "text-grows",
    en="these replacements could make the text {times} times longer",
    zh="这些替换可能使文本变长 {times} 倍",
    hint_en="replace fewer things at once",
    hint_zh="请减少同时进行的替换",
)
TOO_MANY_DIGITS = Message(
    "too-many-digits",
    en="the result of {source!r} has more than {digits} digits",
    zh="{source!r} 的结果超过 {digits} 位",
    hint_en="check the figures that go into it",
    hint_zh="请检查参与计算的数值",
)
