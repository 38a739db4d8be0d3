"""What can be wrong with a file, its mapping, or one of its rows."""

from __future__ import annotations

from engine.problems import Message

# Mappings

PART_OF = Message(
    "import-part",
    en="{object} is part of {parent}, so it cannot be imported or exported by itself",
    zh="{object}是{parent}的明细，不能单独导入或导出",
    hint_en="use {parent} instead",
    hint_zh="请改用{parent}",
)
NOT_A_LINK = Message(
    "find-without-link",
    en="{field} is no link, so there is nothing to find",
    zh="{field} 不是链接字段，无需查找",
    hint_en="remove `find`",
    hint_zh="请去掉 `find`",
)
NOT_STORED = Message(
    "field-not-stored",
    en="{field} is computed or holds other records, so nothing can be matched by it",
    zh="{field} 由系统计算或包含其他记录，不能用于匹配",
    hint_en="use a field that holds its own value",
    hint_zh="请使用自身保存值的字段",
)
TAKES_NO_INPUT = Message(
    "mapping-takes-no-input",
    en="{field} takes no input: the system sets or computes it",
    zh="{field} 不接受输入：由系统设置或计算",
    hint_en="write null for this column; `historical: true` keeps numbers, dates and people",
    hint_zh="该列请留空（null）；`historical: true` 可保留编号、日期和人员",
)
LINES_FIELD = Message(
    "mapping-lines",
    en="{field} holds lines, which one column cannot hold",
    zh="{field} 是明细，无法用一列导入",
    hint_en="leave the column out",
    hint_zh="请不要导入该列",
)
SET_TWICE = Message(
    "mapping-field-twice",
    en="{field} is set twice, also by {other}",
    zh="{field} 被重复赋值，另见 {other}",
    hint_en="keep one of the two",
    hint_zh="请只保留一个",
)
MATCH_NOT_SET = Message(
    "match-not-set",
    en="records are matched by {field}, but no column and no constant gives it",
    zh="按 {field} 匹配记录，但没有任何列或常量提供该字段",
    hint_en="add a column for it",
    hint_zh="请为其添加一列",
)
CORRECTED_AND_TRANSLATED = Message(
    "corrected-and-translated",
    en="{found} stands under both `values` and `corrections`",
    zh="{found} 同时出现在 `values` 和 `corrections` 中",
    hint_en="keep it under one of them",
    hint_zh="请只保留一处",
)
OTHER_OBJECT = Message(
    "mapping-other-object",
    en="the mapping {mapping} is about {found}, not about {object}",
    zh="映射 {mapping} 针对 {found}，而不是 {object}",
    hint_en="import {found}, or take another mapping",
    hint_zh="请导入 {found}，或换用其他映射",
)
NO_MAPPING = Message(
    "no-mapping",
    en="there is no mapping {name}: neither a file nor one that was applied",
    zh="不存在映射 {name}：既没有该文件，也没有已应用的同名映射",
    hint_en="did you mean {best}?",
    hint_zh="是否想用 {best}？",
)

# Files

NO_SOURCE = Message(
    "import-no-file",
    en="the file cannot be read: {why}",
    zh="无法读取文件：{why}",
)
EMPTY_SOURCE = Message(
    "import-empty-file",
    en="the file is empty: not even a header",
    zh="文件为空，连表头也没有",
    hint_en="the first row names the columns",
    hint_zh="第一行应为列名",
)
TOO_LARGE = Message(
    "import-too-large",
    en="the file is larger than {limit} MB",
    zh="文件超过 {limit} MB",
    hint_en="split it",
    hint_zh="请拆分后导入",
)
NO_ENCODING = Message(
    "import-encoding",
    en="the text is neither UTF-8 nor GB18030 (byte {byte} in line {line})",
    zh="文本既不是 UTF-8 也不是 GB18030（第 {line} 行，字节 {byte}）",
    hint_en="save it as CSV UTF-8",
    hint_zh="请另存为 CSV UTF-8 格式",
)
OLD_EXCEL = Message(
    "import-old-excel",
    en="this is an Excel file of the old form, or one with a password",
    zh="这是旧版 Excel 文件或加密文件",
    hint_en="save it as .xlsx without a password",
    hint_zh="请另存为无密码的 .xlsx 文件",
)
BAD_WORKBOOK = Message(
    "import-bad-workbook",
    en="this is no readable .xlsx file: {why}",
    zh="无法读取该 .xlsx 文件：{why}",
    hint_en="open it in a spreadsheet program and save it again",
    hint_zh="请用表格软件打开并重新保存",
)
SWOLLEN = Message(
    "import-swollen-workbook",
    en="the workbook holds far more than a sheet of data does",
    zh="该工作簿的内容远超数据表应有的规模",
    hint_en="copy the cells into a new workbook and save that",
    hint_zh="请将单元格复制到新的工作簿并保存",
)
SHEET_TOO_LARGE = Message(
    "import-sheet-too-large",
    en="the sheet has more than {rows} rows, {columns} columns, or too many cells",
    zh="工作表超过 {rows} 行、{columns} 列，或单元格过多",
    hint_en="delete empty rows and columns at its end, or split it",
    hint_zh="请删除末尾的空行和空列，或拆分后导入",
)
BAD_QUOTES = Message(
    "import-bad-quotes",
    en="the file is no readable CSV from here on: {why}",
    zh="从此处起无法按 CSV 读取：{why}",
    hint_en='write quotes in a text "like ""this"""; a cell has at most {limit} characters',
    hint_zh='含引号的文本应写作 "例如 ""这样"""；单元格最多 {limit} 个字符',
)
NO_NAME = Message(
    "import-column-without-name",
    en="column {number} has no name",
    zh="第 {number} 列没有列名",
    hint_en="name it in the first row, or delete it",
    hint_zh="请在第一行填写列名，或删除该列",
)
NAME_TWICE = Message(
    "import-column-twice",
    en="two columns are called {name!r}",
    zh="有两列都叫 {name!r}",
    hint_en="rename one of them",
    hint_zh="请修改其中一个列名",
)
TOO_MANY_COLUMNS = Message(
    "import-too-many-columns",
    en="the file has {number} columns, at most {limit} are read",
    zh="文件有 {number} 列，最多读取 {limit} 列",
)
UNMAPPED_COLUMN = Message(
    "import-unmapped-column",
    en="nothing is said about the column {name!r}",
    zh="没有说明列 {name!r} 如何处理",
    hint_en="add it to the mapping; `{name}: null` leaves it out",
    hint_zh="请将其加入映射；`{name}: null` 表示不导入",
)
MISSING_COLUMN = Message(
    "import-missing-column",
    en="the file has no column {name!r}, which the mapping reads",
    zh="文件没有映射所需的列 {name!r}",
    hint_en="the file has: {found}",
    hint_zh="文件包含：{found}",
)
UNKNOWN_COLUMN = Message(
    "import-unknown-column",
    en="the column {name!r} is no field of {object}",
    zh="列 {name!r} 不是{object}的字段",
    hint_en="did you mean {best!r}? Otherwise use a mapping (--map)",
    hint_zh="是否想写 {best!r}？否则请使用映射（--map）",
)
AMBIGUOUS_COLUMN = Message(
    "import-ambiguous-column",
    en="the column {name!r} could be any of {fields}",
    zh="列 {name!r} 可能是以下任一字段：{fields}",
    hint_en="use the field's name",
    hint_zh="请使用字段名称",
)
SAME_FILE = Message(
    "import-same-file",
    en="{file} would be overwritten by what is written about it",
    zh="{file} 会被其处理结果覆盖",
    hint_en="name another file",
    hint_zh="请指定其他文件",
)
UNWRITABLE = Message(
    "exchange-unwritable",
    en="{file} cannot be written: {why}",
    zh="无法写入 {file}：{why}",
)

# Rows

BAD_WIDTH = Message(
    "import-row-width",
    en="the row has {found} cells, the header {expected}",
    zh="该行有 {found} 个单元格，而表头有 {expected} 个",
    hint_en="text that holds the separator must stand in quotes",
    hint_zh="含有分隔符的文本应加引号",
)
ERROR_CELL = Message(
    "import-error-cell",
    en="{column}: the cell holds the error {found}",
    zh="{column}：单元格含有错误 {found}",
    hint_en="correct the formula",
    hint_zh="请修正公式",
)
NO_MATCH_VALUE = Message(
    "import-no-match-value",
    en="the row cannot be recognised: {fields} is empty",
    zh="无法识别该行：{fields}为空",
    hint_en="fill it in, or import without matching",
    hint_zh="请填写，或导入时不做匹配",
)
SEVERAL_MATCH = Message(
    "import-several-match",
    en="several records have this {fields}: {records}",
    zh="有多条记录的{fields}与此相同：{records}",
    hint_en="match by something that is unique",
    hint_zh="请按唯一的字段匹配",
)
NOBODY_MATCHES = Message(
    "import-nobody-matches",
    en="there is no {object} whose {fields} is {found}",
    zh="不存在{fields}为 {found} 的{object}",
    hint_en="leave the cell empty to create a new record",
    hint_zh="如需新建记录，请将该单元格留空",
)

# Said beside the result

READ_AS = Message(
    "import-read-as",
    en="the file is not UTF-8; it was read as {encoding}",
    zh="文件不是 UTF-8 编码，已按 {encoding} 读取",
)
OTHER_SHEETS = Message(
    "import-other-sheets",
    en="only the first sheet is read; left out: {sheets}",
    zh="只读取第一个工作表；未读取：{sheets}",
)
LEFT_OUT = Message(
    "import-column-left-out",
    en="left out, since the system sets or computes them: {names}",
    zh="以下列由系统设置或计算，未导入：{names}",
)
LEFT_OUT_FORBIDDEN = Message(
    "import-column-forbidden",
    en="left out, since your roles ({roles}) may not change them: {names}",
    zh="您的角色（{roles}）不能修改以下列，未导入：{names}",
)
LINES_LEFT_OUT = Message(
    "export-lines-left-out",
    en="{fields}: a CSV file has no place for lines",
    zh="{fields}：CSV 文件无法容纳明细",
    hint_en="export as xlsx or json to get them",
    hint_zh="如需明细，请导出为 xlsx 或 json",
)
TEXT_TOO_LONG = Message(
    "export-text-too-long",
    en="{record}: {field} has {length} characters, more than a cell of a workbook can hold",
    zh="{record}：{field}有 {length} 个字符，超出工作簿单元格的容量",
    hint_en="export as csv or json",
    hint_zh="请导出为 csv 或 json",
)
TOO_MANY_ROWS = Message(
    "export-too-many-rows",
    en="a worksheet holds {limit} records, here are more",
    zh="一个工作表最多容纳 {limit} 条记录，此处超出",
    hint_en="export as csv or json, or fewer records (--where)",
    hint_zh="请导出为 csv 或 json，或减少记录（--where）",
)
BAD_FORMAT = Message(
    "export-format",
    en="there is no export format {found!r}",
    zh="不存在导出格式 {found!r}",
    hint_en="did you mean {best}? There are csv, xlsx and json",
    hint_zh="是否想用 {best}？可用 csv、xlsx、json",
)
INTERRUPTED = Message(
    "import-interrupted",
    en="the import stopped after line {line}: {why}",
    zh="导入在第 {line} 行之后中断：{why}",
    hint_en="what is counted stays; run it again when it matches by a field",
    hint_zh="已计数的内容保留；若按字段匹配，可重新运行",
)
DATABASE_REFUSED = Message(
    "exchange-database",
    en="the database refused it: {why}",
    zh="数据库拒绝写入：{why}",
)

# Bulk changes

BULK_NOTHING = Message(
    "bulk-nothing",
    en="nothing is said about what shall change",
    zh="没有指定要修改的内容",
    hint_en="give fields with their values, a transition, or delete",
    hint_zh="请指定字段及其值、流转动作或删除",
)
BULK_LINES = Message(
    "bulk-lines",
    en="{field} holds lines, which cannot be set for many records at once",
    zh="{field}为明细，不能批量修改",
)

# Undo

NO_BATCH = Message(
    "undo-no-batch",
    en="there is no batch {id} that you could take back",
    zh="不存在可由您撤销的批次 {id}",
    hint_en="whoever did it may take it back, and those who may administer",
    hint_zh="只有执行者本人或管理员可以撤销",
)
BATCH_RUNS = Message(
    "undo-batch-runs",
    en="batch {id} is still being written",
    zh="批次 {id} 仍在写入中",
    hint_en="end long work {work} first",
    hint_zh="请先取消批量任务 {work}",
)
BATCH_GOES_BACK = Message(
    "undo-under-way",
    en="batch {id} is being taken back already, by long work {work}",
    zh="批次 {id} 正由批量任务 {work} 撤销",
    hint_en="wait until that is over, or resume it if it is paused",
    hint_zh="请等待其结束；如果已暂停，可继续执行",
)
SECRET_GONE = Message(
    "secret-not-kept",
    en="{field} was a secret, and what it was is written down nowhere: it stays as it is now",
    zh="“{field}”为保密内容，原值未作任何留存，因此保持现状",
    hint_en="enter it again if it is still needed",
    hint_zh="如仍需要，请重新录入",
)
CHANGED_SINCE = Message(
    "undo-changed-since",
    en="{field} has been changed since",
    zh="{field}此后已被修改",
)
RECORD_CHANGED_SINCE = Message(
    "undo-record-changed",
    en="the record has been changed since it was created",
    zh="该记录创建后已被修改",
    hint_en="look at it, and delete it by hand",
    hint_zh="请查看后手动删除",
)
DELETED_SINCE = Message(
    "undo-deleted-since",
    en="the record has been deleted since",
    zh="该记录此后已被删除",
)
FIELD_GONE = Message(
    "undo-field-gone",
    en="the field {name} is no longer there, or is computed now",
    zh="字段 {name} 已不存在，或现在由系统计算",
)
OBJECT_GONE = Message(
    "undo-object-gone",
    en="there are no records of {name} any more",
    zh="对象 {name} 已不存在",
)
LINE_CHANGED_SINCE = Message(
    "undo-line-changed",
    en="a line of {field} has been changed since",
    zh="{field}中的一行明细此后已被修改",
)
