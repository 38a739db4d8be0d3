"""The words of company names that say nothing about which company it is, in folded form.

`ENDINGS` are legal forms and what stands for them at a name's end. `WITHIN` may stand before the
name of a branch, too. `COUNTRIES` are marks in brackets that a name is written with or without.
`GENERIC` are words that many companies share: they count in a comparison, but nothing is looked up
by them.
"""

from __future__ import annotations

WITHIN = (
    "有限责任公司", "股份有限公司", "有限公司", "集团公司", "股份公司", "控股公司",
)  # fmt: skip
ENDINGS_ZH = (
    *WITHIN, "有限合伙", "普通合伙", "特殊普通合伙", "个人独资", "公司", "集团", "控股", "股份",
)  # fmt: skip
ENDINGS_LATIN = (
    "co", "ltd", "limited", "coltd", "inc", "incorporated", "corp", "corporation", "company",
    "llc", "llp", "lp", "plc", "pte", "pty", "pvt", "private", "gmbh", "mbh", "ag", "kg", "kgaa",
    "ohg", "gbr", "ug", "ek", "se", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "ab", "as", "oy",
    "oyj", "aps", "kk", "sdn", "bhd", "group", "holding", "holdings",
)  # fmt: skip
COUNTRIES = ("中国", "china", "cn", "prc", "中华人民共和国")
GENERIC_ZH = (
    "信息技术", "电子商务", "电子科技", "网络科技", "信息科技", "科技", "技术", "贸易", "商贸",
    "实业", "工业", "电子", "机械", "设备", "制造", "国际", "发展", "投资", "管理", "咨询", "服务",
    "工程", "建设", "建筑", "材料", "软件", "网络", "信息", "化工", "制药", "药业", "食品", "环保",
    "控制", "机电", "能源", "生物", "汽车", "物流", "纺织", "服饰", "塑料", "金属", "钢铁", "仪器",
    "包装", "农业", "文化", "传媒", "餐饮", "酒店", "医疗", "教育", "房地产", "供应链",
    "中国", "上海", "北京", "深圳", "广州",
    "杭州", "南京", "苏州", "天津", "重庆", "成都", "武汉", "广东", "江苏", "浙江", "山东", "福建",
    "省", "市", "区",
)  # fmt: skip
GENERIC_LATIN = (
    "technology", "technologies", "trading", "international", "industrial", "industries",
    "industry", "systems", "solutions", "services", "service", "software", "global", "china",
    "shanghai", "beijing", "shenzhen",
)  # fmt: skip
