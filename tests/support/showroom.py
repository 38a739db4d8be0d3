"""Data that looks like a real company's: Chinese names of all lengths, amounts of all sizes."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from engine.permissions.actors import SYSTEM
from engine.records.changes import UPDATE, Change
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from support.world import World

CUSTOMERS = (
    "北京智造未来科技有限公司", "上海浦东精密机械制造股份有限公司",
    "华北工业集团第六研究院附属试验设备与特种材料联合制造有限责任公司",
    "深圳市创新零部件供应链管理有限公司", "广州白云机电设备有限公司", "天津泰和",
    "苏州工业园区纳米材料与先进封装联合技术有限公司",
    "Northern Heavy Industries (Asia Pacific) Holdings Co., Ltd.", "西安电捷通", "宁波舜宏",
)  # fmt: skip
PRODUCTS = (
    ("数控加工中心 VMC-850", 386_000), ("五轴联动机床 GTX-Pro", 1_280_000),
    ("激光切割机 LC-3015", 468_500), ("年度维保服务（含上门）", 48_000),
)  # fmt: skip
SUBJECTS = ("电话沟通技术参数", "上门拜访采购负责人", "确认付款方式与交期")
PEOPLE = {"boss": "陈思远", "rep": "王伟", "other": "李静怡", "clerk": "周会计", "admin": "管理员"}
WAYS = ("clarify_needs", "propose", "negotiate", "win")
DETAILS = {"negotiate": "expected_close", "win": "close_date"}


@dataclass
class Showroom:
    """The records that were made, by object."""

    ids: dict[str, list[int]] = field(default_factory=dict)


def furnish(world: World, opportunities: int = 32) -> Showroom:
    """Fills the world's site: owners alternate between `rep` and `other`."""
    gate = world.site.current.gate
    made = Showroom()
    dice = random.Random(11)
    today = dt.datetime.now(gate.zone).date()

    def create(object: str, **values: Any) -> int:
        id = gate.create(SYSTEM, object, [values])[0].id
        assert id is not None
        made.ids.setdefault(object, []).append(id)
        return id

    for account, name in PEOPLE.items():
        gate.update(
            SYSTEM, "person", world.people[account], {"name": name, "mobile": "138 0013 8000"}
        )
    owners = [world.people["rep"], world.people["other"]]
    for number, (name, price) in enumerate(PRODUCTS, 1):
        create(
            "product", code=f"P-{number:03}", name=name, list_price=str(price), cost=str(price // 2)
        )
    for number, name in enumerate(CUSTOMERS):
        customer = create(
            "customer", name=name, owner=owners[number % 2], grade="abcd"[number % 4],
            status="active", industry="manufacturing", phone="010-8888 6600",
        )  # fmt: skip
        create(
            "contact",
            name=dice.choice("张刘孙周吴郑") + dice.choice(("敏", "浩然", "建国")),
            customer=customer,
            mobile="139 1111 2222",
        )
    for number in range(opportunities):
        place = number % len(CUSTOMERS)
        id = create(
            "opportunity",
            customer=made.ids["customer"][place],
            owner=owners[place % 2],
            product=dice.choice(made.ids["product"]),
            amount="123456789012.25"
            if number == 4
            else str(dice.choice((38_600, 256_000, 1_280_000))),
            start_date=(today - dt.timedelta(days=dice.randint(20, 200))).isoformat(),
            expected_close=(today + dt.timedelta(days=dice.randint(-3, 90))).isoformat(),
            urgency=dice.choice(("low", "normal", "high", "critical")),
        )
        for way in WAYS[: number % 5]:
            take(gate, id, way, {DETAILS[way]: today.isoformat()} if way in DETAILS else {})
        if number < 12:
            create(
                "follow_up", subject=dice.choice(SUBJECTS),
                customer=made.ids["customer"][place], opportunity=id, owner=owners[place % 2],
                next_on=(today + dt.timedelta(days=dice.randint(-2, 9))).isoformat(),
                happened_on=(today - dt.timedelta(days=3)).isoformat(), next_step="发送报价单",
            )  # fmt: skip
    for number in range(4):
        create(
            "quotation", customer=made.ids["customer"][number], owner=owners[number % 2],
            lines=[
                {"product": made.ids["product"][0], "quantity": "1"},
                {"product": made.ids["product"][3], "quantity": "2", "discount": "0.05"},
            ],
        )  # fmt: skip
    return made


def take(gate: Gate, id: int, way: str, given: dict[str, str]) -> None:
    """Takes an opportunity along a way."""

    def work(tx: Transaction) -> None:
        change = Change(given=dict(given), id=id, transition=way)
        gate.pass_steps(tx, "opportunity", UPDATE, [change])

    gate.write(SYSTEM, work)
