"""Settings: defaults that work on a laptop, one sentence for what is wrong, secrets made once and told nobody."""

import fcntl
import os
import re
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from service.models.session import make_engine
from service.settings import SHORTEST_KEY, SHORTEST_TOKEN, Settings, SettingsError, load_settings
from tests.service.wrong_settings import WRONG
from tests.service.wrong_smpp import WRONG_SMPP

ROOT = Path(__file__).parents[2]
SERVER = "postgresql+psycopg://tiwizi:the-password@db.example/tiwizi"
ALL_WRONG = [*WRONG, *WRONG_SMPP]

# What the routes of real gateways need.
COMPLETE = {
    "AT_API_KEY": "a-key",
    "ANDROID_URL": "http://192.168.1.20:8080",
    "ANDROID_USER": "sms",
    "ANDROID_PASSWORD": "a-password",
    "ANDROID_SIGNING_KEY": "a-signing-key",
    "SMPP_HOST": "smsc.example",
    "SMPP_SYSTEM_ID": "tiwizi",
    "SMPP_PASSWORD": "smscpass",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to start in, with nothing set."""
    for name in [name for name in os.environ if name.startswith("TIWIZI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def surroundings(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIWIZI_")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def test_with_nothing_set_everything_works_on_a_laptop(folder: Path) -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite:///var/tiwizi.db"
    assert settings.url == settings.url_here == "http://127.0.0.1:8000"
    assert settings.sms_routes == {"*": ("console",)}
    assert settings.simulator_on
    assert settings.hook_addresses == ()
    assert {path.name for path in (folder / "var").iterdir()} == {"secret_key", "hook_token"}


@pytest.mark.usefixtures("folder")
def test_lists_and_tables_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ("a" * SHORTEST_TOKEN, "b" * SHORTEST_TOKEN)
    monkeypatch.setenv("TIWIZI_HOOK_TOKENS", f" {tokens[0]} , {tokens[1]},")
    monkeypatch.setenv("TIWIZI_HOOK_ADDRESSES", "192.0.2.7, 2001:db8::/32, 198.51.100.9/24")
    monkeypatch.setenv("TIWIZI_SMS_ROUTES", "+212=console, *=africastalking")
    monkeypatch.setenv("TIWIZI_AT_API_KEY", "a-key")
    monkeypatch.setenv(
        "TIWIZI_MATCH_WEIGHTS", "origin=0.4,sector=0.1,size=0.1,urgency=0.1,waiting=0.1,record=0.1,evidence=0.1"
    )
    settings = load_settings()
    assert settings.hook_tokens == tokens
    assert settings.hook_addresses == ("192.0.2.7", "2001:db8::/32", "198.51.100.9/24")
    assert settings.sms_routes == {"+212": ("console",), "*": ("africastalking",)}
    assert settings.match_weights["origin"] == 0.4


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("routes", "simulator", "on"),
    [
        ("*=console", "", True),
        ("*=africastalking", "", False),
        ("+212=africastalking,*=console", "", False),
        ("*=console", "true", True),
        ("*=console", "false", False),
    ],
)
def test_the_simulator_is_there_only_where_nothing_real_is_sent(
    monkeypatch: pytest.MonkeyPatch, routes: str, simulator: str, *, on: bool
) -> None:
    monkeypatch.setenv("TIWIZI_SMS_ROUTES", routes)
    monkeypatch.setenv("TIWIZI_AT_API_KEY", "a-key")
    if simulator:
        monkeypatch.setenv("TIWIZI_SIMULATOR", simulator)
    assert load_settings().simulator_on is on


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("public_url", "said", "needed"),
    [
        ("", "", False),
        ("http://192.0.2.7", "", False),
        ("https://tiwizi.example", "", True),
        ("https://tiwizi.example", "false", False),
        ("", "true", True),
    ],
)
def test_admins_need_a_second_factor_where_others_reach_the_service(
    monkeypatch: pytest.MonkeyPatch, public_url: str, said: str, *, needed: bool
) -> None:
    monkeypatch.setenv("TIWIZI_PUBLIC_URL", public_url)
    if said:
        monkeypatch.setenv("TIWIZI_ADMIN_SECOND_FACTOR", said)
    assert load_settings().admins_need_factor is needed


@pytest.mark.usefixtures("folder")
def test_a_simulator_beside_a_real_gateway_would_show_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIWIZI_SMS_ROUTES", "+212=africastalking,*=console")
    monkeypatch.setenv("TIWIZI_AT_API_KEY", "a-key")
    monkeypatch.setenv("TIWIZI_SIMULATOR", "true")
    with pytest.raises(SettingsError, match=r"^TIWIZI_SIMULATOR: .*token"):
        load_settings()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_NUMBER", "0612345678"),
        ("SMS_NUMBER", "abc"),
        ("USSD_CODE", ""),
        ("HOME_REGION", "9"),
        ("HOOK_TOKENS", "with/a/slash/and+more+characters=="),
        ("SMS_ROUTES", "212=console,*=console"),
        ("AT_BASE_URL", "api.example"),
        ("REMINDER_DAYS", "14"),
        ("MATCH_WEIGHTS", "origin=nan,sector=0.2,size=0.15,urgency=0.1,waiting=0.15,record=0.05,evidence=0.05"),
    ],
)
def test_a_setting_that_only_shows_its_fault_later_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TIWIZI_{name}", value)
    with pytest.raises(SettingsError, match=f"^TIWIZI_{name}: "):
        load_settings()


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    assert load_settings(host="::1", port=8000).url == "http://[::1]:8000"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("missing", ["HOST", "SYSTEM_ID", "PASSWORD"])
def test_a_route_through_an_sms_centre_needs_its_account(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv("TIWIZI_SMS_ROUTES", "+212=smpp,*=console")
    for name in {"HOST", "SYSTEM_ID", "PASSWORD"} - {missing}:
        monkeypatch.setenv(f"TIWIZI_SMPP_{name}", "a-value")
    with pytest.raises(SettingsError, match=f"^TIWIZI_SMPP_{missing}: is missing, and TIWIZI_SMS_ROUTES sends through"):
        load_settings()
    monkeypatch.setenv(f"TIWIZI_SMPP_{missing}", "a-value")
    assert not load_settings().simulator_on


@pytest.mark.parametrize(("name", "value", "reason"), ALL_WRONG)
def test_a_wrong_setting_stops_with_one_sentence_that_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    if name in COMPLETE:
        monkeypatch.setenv("TIWIZI_SMS_ROUTES", "+212=android,*=africastalking")
        for needed, filled in COMPLETE.items():
            monkeypatch.setenv(f"TIWIZI_{needed}", filled)
    monkeypatch.setenv(f"TIWIZI_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    sentence = str(refused.value)
    assert sentence.startswith(f"TIWIZI_{name}: ")
    assert reason in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not (folder / "var").exists()  # nothing was made for a program that does not start


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///var/tiwizi.db",
        SERVER,
        "postgresql+psycopg://tiwizi@127.0.0.1:5432/tiwizi",
        "postgresql+psycopg://u:p%40ss:wor#d@[2001:db8::1]:5432/tiwizi?sslmode=require",
        "postgresql+psycopg:///tiwizi?host=/run/postgresql",
    ],
)
def test_a_database_is_a_file_or_a_server_as_the_engine_reads_it(url: str) -> None:
    engine = make_engine(load_settings(database_url=url).database_url)
    assert engine.url.database
    engine.dispose()


def test_every_setting_with_a_rule_is_tried_with_a_wrong_value() -> None:
    ruled = {name for name, field in Settings.model_fields.items() if field.annotation is not str}
    tried = {name.lower() for name, _, _ in ALL_WRONG}
    assert ruled - tried == {"proxies"}  # tried with the proxy itself


def test_every_setting_is_explained_in_the_example_and_nothing_else_is() -> None:
    explained = re.findall(r"^#TIWIZI_(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert {name.lower() for name in explained} == set(Settings.model_fields)
    assert len(explained) == len(set(explained))


def test_settings_are_read_from_the_env_file_and_the_environment_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("# ours\nTIWIZI_PORT=8123\nTIWIZI_EXPIRY_DAYS=30\nOTHERS=are left alone\n")
    monkeypatch.setenv("TIWIZI_EXPIRY_DAYS", "21")
    settings = load_settings()
    assert (settings.port, settings.expiry_days) == (8123, 21)


def test_secrets_are_made_once_kept_and_read_by_their_owner_only(folder: Path) -> None:
    first, second = load_settings(), load_settings()
    assert (first.secret_key, first.hook_tokens) == (second.secret_key, second.hook_tokens)
    assert first.secret_key not in first.hook_tokens
    assert len(first.secret_key) >= SHORTEST_KEY
    assert len(first.hook_tokens[0]) >= SHORTEST_TOKEN
    for name in ("secret_key", "hook_token"):
        assert stat.S_IMODE((folder / "var" / name).stat().st_mode) == 0o600


def test_a_secret_that_is_set_is_not_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIWIZI_SECRET_KEY", "k" * SHORTEST_KEY)
    monkeypatch.setenv("TIWIZI_HOOK_TOKENS", "t" * SHORTEST_TOKEN)
    assert load_settings().secret_key == "k" * SHORTEST_KEY
    assert not (folder / "var").exists()


def test_an_empty_secret_file_is_filled_never_used(folder: Path) -> None:
    """What another process leaves between making the file and writing it, or a crash there."""
    (folder / "var").mkdir()
    (folder / "var" / "secret_key").touch(mode=0o600)
    assert len(load_settings().secret_key) >= SHORTEST_KEY


def test_a_folder_that_cannot_keep_secrets_stops_the_start(folder: Path) -> None:
    (folder / "var").write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match=r"^TIWIZI_SECRET_KEY: is not set, and var/secret_key cannot keep one: "):
        load_settings()


@pytest.mark.usefixtures("folder")
def test_who_makes_a_secret_lets_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def busy(_size: int) -> str:
        kept = Path("var", ("secret_key", "hook_token")[len(made)])
        with kept.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.append(f"the secret of {kept.name} ".ljust(SHORTEST_KEY, "."))
        return made[-1]

    monkeypatch.setattr(secrets, "token_urlsafe", busy)
    settings = load_settings()
    assert [settings.secret_key, *settings.hook_tokens] == made


def test_processes_that_start_at_once_share_one_secret(folder: Path) -> None:
    program = (
        "from service.settings import load_settings; input(); s = load_settings(); print(s.secret_key, *s.hook_tokens)"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=surroundings(),
            cwd=folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(6)
    ]
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0] * 6
    (shared,) = told
    key, token = shared.split()
    assert len(key) >= SHORTEST_KEY
    assert len(token) >= SHORTEST_TOKEN


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("show", [repr, str, "{}".format])
def test_settings_shown_tell_no_secret(monkeypatch: pytest.MonkeyPatch, show: object) -> None:
    monkeypatch.setenv("TIWIZI_DATABASE_URL", SERVER)
    kept = ("AT_API_KEY", "ANDROID_PASSWORD", "ANDROID_SIGNING_KEY")
    for name in kept:
        monkeypatch.setenv(f"TIWIZI_{name}", f"our-{name}")
    monkeypatch.setenv("TIWIZI_SMPP_PASSWORD", "smscpass")
    settings = load_settings()
    shown = show(settings)  # type: ignore[operator]  # one of the three above
    secrets_of_ours = (*(f"our-{name}" for name in kept), "the-password", "smscpass")
    for secret in (settings.secret_key, *settings.hook_tokens, *secrets_of_ours):
        assert secret not in shown
    assert "home_region" in shown


@pytest.mark.usefixtures("folder")
def test_a_secret_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIWIZI_SECRET_KEY", "too-short-a-secret")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "too-short-a-secret" not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.served
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TIWIZI_PORT", "abc"),
        ("TIWIZI_DATABASE_URL", "postgres://u:p@h/d"),
        ("TIWIZI_SMS_ROUTES", "*=pigeon"),
        ("TIWIZI_SECRET_KEY", "short"),
    ],
)
def test_the_program_leaves_with_one_line_and_2(folder: Path, setting: str, value: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "wsgi", "migrate"],
        env=surroundings(**{setting: value}),
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: ")
