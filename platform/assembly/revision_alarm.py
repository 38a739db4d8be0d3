"""What people are told when a revision is in force that a process cannot build.

Everybody is told in the bell at once, past the gate: the fence lets nothing through it that was
compiled for the old revision, and that is all there is. Notices are the platform's own rows, the
same under every revision; their token keeps all processes together from telling anybody twice.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.dialects import postgresql, sqlite

from assembly.revisions import Failure, Site
from engine.permissions.roles import roles_of
from engine.redaction import redacted_text
from notices.directory import Directory
from notices.tables import NOTICE_TABLE

OF = "revision"
"""Where these notices come from: `revision:7`."""
LONGEST = 500
TITLES = {
    "en": "Revision {revision} cannot be run: nothing can be changed until that is mended",
    "zh": "版本 {revision} 无法运行：修复之前无法更改任何内容",
}
TEXTS = {
    "en": "Revision {before} goes on serving for reading. The reason: {why}. Publish a revision"
    " that can be run, or start this server with the version of the programs that published it.",
    "zh": "版本 {before} 继续提供查看。原因：{why}。请发布可以运行的版本，"
    "或使用发布该版本的程序版本启动本服务器。",
}


def telling_of_failures(site: Site, directory: Directory) -> Callable[[Failure], int]:
    """What tells those who administer of a revision that was not built (`Site.alarm`)."""

    def tell(failure: Failure) -> int:
        gate = site.gate()
        roles = [name for name, role in roles_of(gate.catalog).items() if role.administer]
        people = {person for role in roles for person in directory.people_of(gate, role)}
        if not people:
            return 0
        facts = {
            "revision": failure.revision,
            "before": gate.revision,
            "why": redacted_text(failure.why, LONGEST),
        }
        of = f"{OF}:{failure.revision}"
        rows = []
        for person in sorted(people):
            locale = directory.locale_of(gate, person)
            title, text = (said.get(locale, said["en"]) for said in (TITLES, TEXTS))
            rows.append(
                {
                    "at": gate.clock(),
                    "person": person,
                    "title": title.format(**facts),
                    "text": text.format(**facts),
                    "of": of,
                    "token": of,
                }
            )
        table = gate.tables.system(NOTICE_TABLE)
        kind = sqlite if gate.dialect == "sqlite" else postgresql
        with gate.databases.writing() as connection:
            connection.execute(kind.insert(table).on_conflict_do_nothing(), rows)
        return len(rows)

    return tell
