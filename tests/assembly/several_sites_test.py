"""Settings of several sites: what each reads, and what no two may share."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.hosts import host_named, read_hosts
from assembly.settings import Settings, read_settings
from assembly.sites import not_read, read_site, read_sites, site_names, sites_folder, variable
from engine.problems import Problem, Refusal
from engine.vault import new_key

KEY = "k" * 32


class Installation:
    """A folder with definitions, and sites that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sites = folder / "sites"
        self.environment: dict[str, str] = {}
        for layer in ("config", "clients/acme"):
            (folder / layer).mkdir(parents=True)

    def site(self, name: str, **values: str) -> None:
        """A site with these settings; hosts unless named."""
        home = self.sites / name
        home.mkdir(parents=True, exist_ok=True)
        values.setdefault("HOSTS", f"{name}.example.com")
        lines = (f"FORMWRIGHT_{key}={value}\n" for key, value in values.items())
        (home / ".env").write_text("".join(lines))

    def one(self, name: str) -> Settings:
        """As `--site NAME` reads it."""
        return read_site(self.environment, self.folder, self.sites, name)

    def codes(self) -> list[str]:
        """What is wrong with all of them."""
        try:
            read_sites(self.environment, self.folder, self.sites)
        except Refusal as refusal:
            for problem in refusal.problems:
                assert problem.line("en") != problem.line("zh")
            return [problem.code for problem in refusal.problems]
        return []


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation."""
    return Installation(tmp_path)


def test_layers_are_shared_and_the_rest_is_the_sites_own(here: Installation) -> None:
    """Layers start from the installation, what is kept starts from the site's folder."""
    here.site("acme", LAYERS="config:clients/acme", DATABASE_URL="sqlite:///var/a.db")
    here.site("north")
    acme, north = read_sites({}, here.folder, here.sites)
    home = here.sites / "acme"
    assert acme.layers == (here.folder / "config", here.folder / "clients/acme")
    assert acme.folder == home
    assert acme.database_url == f"sqlite:///{home}/var/a.db"
    assert north.database_url == f"sqlite:///{here.sites}/north/var/formwright.db"
    assert (acme.site, acme.hosts) == ("acme", ("acme.example.com",))


def test_no_value_of_the_environment_reaches_a_site_by_accident(here: Installation) -> None:
    """A site reads its own variables; the log's style alone is everybody's."""
    here.site("acme")
    here.site("acme-2")
    here.environment = {
        "FORMWRIGHT_SECRET_KEY": KEY,
        "FORMWRIGHT_SECRETS_ERP_KEY": "for nobody",
        "FORMWRIGHT_DATABASE_URL": "sqlite:///elsewhere.db",
        "FORMWRIGHT_LOG": "text",
        "FORMWRIGHT_SITE_ACME__SECRETS_ERP_KEY": "of acme",
        "FORMWRIGHT_SITE_ACME_2__URL": "https://two.example.com",
    }
    acme, two = here.one("acme"), here.one("acme-2")
    assert (acme.secret_key, acme.secrets) == ("", {"ERP_KEY": "of acme"})
    assert (two.secrets, two.url) == ({}, "https://two.example.com")
    assert "elsewhere" not in acme.database_url
    assert acme.log == two.log == "text"
    told = not_read(here.environment)
    assert [problem.args["name"].removeprefix("FORMWRIGHT_") for problem in told] == [
        "DATABASE_URL", "SECRETS_ERP_KEY", "SECRET_KEY",
    ]  # fmt: skip
    assert variable("acme-2", "URL") == "FORMWRIGHT_SITE_ACME_2__URL"


def test_without_sites_nothing_changes(here: Installation) -> None:
    """No folder of sites, an empty one, or `none`: a single site, by the settings as ever."""
    assert sites_folder({}, here.folder) is None
    here.sites.mkdir()
    assert sites_folder({}, here.folder) is None
    here.site("acme")
    assert sites_folder({}, here.folder) == here.sites
    assert sites_folder({"FORMWRIGHT_SITES": "none"}, here.folder) is None
    assert read_settings({"FORMWRIGHT_SITES": "sites"}, here.folder).site == ""
    (here.folder / ".env").write_text("FORMWRIGHT_SITES=nowhere\n")
    with pytest.raises(Refusal) as refused:
        sites_folder({}, here.folder)
    assert refused.value.problems[0].code == "no-sites-folder"


def test_what_is_wrong_says_of_which_site(here: Installation) -> None:
    """All problems of all sites together, each with the file of its site."""
    here.site("acme", LAYERS="nowhere", LOG="json", HOSTS="http://acme.example.com/")
    here.site("Bad_Name", SECRT_KEY="x", HOSTS="bad.example.com")
    with pytest.raises(Refusal) as refused:
        read_sites({}, here.folder, here.sites)
    assert [(p.place.file, p.code) for p in refused.value.problems if p.place] == [
        ("sites/Bad_Name/.env", "site-name"),
        ("sites/Bad_Name/.env", "unknown-setting"),
        ("sites/acme/.env", "setting-of-the-process"),
        ("sites/acme/.env", "no-layer-folder"),
        ("sites/acme/.env", "site-host"),
    ]
    with pytest.raises(Refusal) as refused:
        here.one("acmee")
    assert "acme" in str(refused.value.problems[0])


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({"HOSTS": "a.com,B.com"}, {"HOSTS": "b.com."}, "sites-share-host"),
        ({"SECRET_KEY": KEY}, {"SECRET_KEY": KEY}, "sites-share-secret-key"),
        ({"DATABASE_URL": "sqlite:////tmp/x.db"}, {"DATABASE_URL": "sqlite:////tmp/./x.db"},
         "sites-share-database"),
        ({"DATABASE_URL": "postgresql://u:1@localhost/x"},
         {"DATABASE_URL": "postgresql+psycopg://v:2@127.0.0.1:5432/x"}, "sites-share-database"),
        ({"FILES_URL": "/srv/files"}, {"FILES_URL": "/srv/files/other"}, "sites-share-files"),
        ({"FILES_URL": "s3://bucket/a"}, {"FILES_URL": "s3://bucket/a/b"}, "sites-share-files"),
        ({"FILES_URL": "../b/var/files"}, {}, "sites-share-files"),
    ],
)  # fmt: skip
def test_no_two_sites_share(
    here: Installation, one: dict[str, str], other: dict[str, str], code: str
) -> None:
    """Hosts, keys, database, files: found whatever the spelling, by `--site` as well."""
    here.site("a", **one)
    here.site("b", **other)
    assert here.codes() == [code]
    with pytest.raises(Refusal) as refused:
        here.one("b")
    assert [problem.code for problem in refused.value.problems] == [code]


def test_keys_that_are_kept_in_files_count(here: Installation) -> None:
    """A folder that was copied brings keys along; one encryption key in common is enough."""
    here.site("a", DATABASE_URL="sqlite:///a.db")
    here.site("b", DATABASE_URL="sqlite:///b.db")
    for name in ("a", "b"):
        (here.sites / name / "var").mkdir()
        (here.sites / name / "var" / "secret_key").write_text(KEY)
    assert here.codes() == ["sites-share-secret-key"]
    key = new_key("one")
    here.site("a", SECRET_KEY="a" * 32, ENCRYPTION_KEYS=f"{new_key('x')},{key}")
    here.site("b", SECRET_KEY="b" * 32, ENCRYPTION_KEYS=key.replace("one:", "two:"))
    assert here.codes() == ["sites-share-encryption-key"]


def test_another_sites_mistake_is_not_this_ones(here: Installation) -> None:
    """`--site` works while another site's settings are broken."""
    here.site("good")
    here.site("bad", LAYERS="nowhere", SECRET_KEY="short")
    assert here.one("good").site == "good"
    assert site_names(here.sites) == ["bad", "good"]


def test_hosts() -> None:
    """Names as they are compared: small, without port and last dot, as name services have them."""
    for header, host in (
        ("acme.example.com", "acme.example.com"),
        ("ACME.example.com.:8080", "acme.example.com"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:80", "[::1]"),
        ("公司.example", "xn--55qx5d.example"),
        ("a.com,b.com", None),
        ("", None),
        ("a b", None),
        ("a..b", None),
        ("-a.com", None),
        ("a.com/x", None),
        ("x" * 64 + ".com", None),
        ("[::1", None),
    ):
        assert host_named(header) == host, header
    problems: list[Problem] = []
    assert read_hosts("a.com, A.com,b.com:80,*.c.com", problems) == ("a.com",)
    assert [problem.args["host"] for problem in problems] == ["b.com:80", "*.c.com"]
