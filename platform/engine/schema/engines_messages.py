"""What can be wrong with the database that the settings name."""

from __future__ import annotations

from engine.problems import Message

BAD_URL = Message(
    "database-url",
    en="the database URL {url!r} cannot be read",
    zh="无法识别数据库地址 {url!r}",
    hint_en="write sqlite:///var/formwright.db or postgresql://user:password@host/name",
    hint_zh="写法如 sqlite:///var/formwright.db 或 postgresql://用户:密码@主机/库名",
)
UNKNOWN_DATABASE = Message(
    "unknown-database",
    en="{kind} is not a database that is supported",
    zh="不支持数据库 {kind}",
    hint_en="use sqlite:///FILE or postgresql://…",
    hint_zh="请使用 sqlite:///文件 或 postgresql://…",
)
NEEDS_FILE = Message(
    "database-needs-file",
    en="a SQLite database in memory cannot be shared by several connections",
    zh="内存中的 SQLite 数据库无法供多个连接共用",
    hint_en="name a file, such as sqlite:///var/formwright.db",
    hint_zh="请指定文件，如 sqlite:///var/formwright.db",
)
NO_FOLDER = Message(
    "database-folder",
    en="the folder {folder!r} for the database cannot be created: {why}",
    zh="无法创建数据库所在文件夹 {folder!r}：{why}",
    hint_en="create it, or name another in FORMWRIGHT_DATABASE_URL",
    hint_zh="请先创建该文件夹，或在 FORMWRIGHT_DATABASE_URL 中指定其他位置",
)
IS_FOLDER = Message(
    "database-is-folder",
    en="{file!r} is a folder, not a database file",
    zh="{file!r} 是文件夹，不是数据库文件",
    hint_en="name a file inside it",
    hint_zh="请指定其中的一个文件",
)
NO_FILE_ACCESS = Message(
    "database-file-access",
    en="the database file {name!r} cannot be opened for reading and writing",
    zh="无法以读写方式打开数据库文件 {name!r}",
    hint_en="check the rights on the file and on its folder",
    hint_zh="请检查文件及其所在文件夹的权限",
)
NO_DATABASE_FILE = Message(
    "not-a-database",
    en="{name!r} is not a SQLite database",
    zh="{name!r} 不是 SQLite 数据库",
    hint_en="name another file in FORMWRIGHT_DATABASE_URL",
    hint_zh="请在 FORMWRIGHT_DATABASE_URL 中指定其他文件",
)
LOCKED = Message(
    "database-locked",
    en="the database file {name!r} is locked by another program",
    zh="数据库文件 {name!r} 被其他程序锁定",
    hint_en="end that program, or wait until it is done",
    hint_zh="请结束该程序或等待其完成",
)
WRONG_PASSWORD = Message(
    "database-password",
    en="the database server does not accept the user {user!r} with this password",
    zh="数据库服务器不接受用户 {user!r} 的密码",
    hint_en="check FORMWRIGHT_DATABASE_URL",
    hint_zh="请检查 FORMWRIGHT_DATABASE_URL",
)
NO_SUCH_DATABASE = Message(
    "no-such-database",
    en="the server has no database {name!r}",
    zh="服务器上没有数据库 {name!r}",
    hint_en="create it first: createdb {name}",
    hint_zh="请先创建：createdb {name}",
)
UNREACHABLE = Message(
    "database-unreachable",
    en="the database {url} cannot be reached: {why}",
    zh="无法连接数据库 {url}：{why}",
    hint_en="check that the server runs and that FORMWRIGHT_DATABASE_URL names it",
    hint_zh="请确认服务器正在运行，且 FORMWRIGHT_DATABASE_URL 指向它",
)

BY_DRIVER_WORDS = (
    (("unable to open database file", "readonly database"), NO_FILE_ACCESS),
    (("file is not a database",), NO_DATABASE_FILE),
    (("database is locked",), LOCKED),
    (("password authentication failed", "no password supplied", "role "), WRONG_PASSWORD),
    (("does not exist",), NO_SUCH_DATABASE),
)
"""Words of the drivers' own errors, and what they mean; the first that fits counts."""
