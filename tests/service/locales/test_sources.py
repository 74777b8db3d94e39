"""The sources and the catalogues agree: every text asked for exists, and every text that exists can be asked for."""

import re

import pytest

from service.domain.broadcasts import BroadcastState, LeftOut, Who
from service.domain.errors import TiwiziError
from service.domain.history import HistoryKind
from service.domain.kinds import Kind, Pace
from service.domain.ledger import ArrivalState, Posting, Source
from service.domain.milestones import Milestone
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.projects import Condition, Grievance, ProjectState, Withdrawal
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, MessageState, NeedState, ProposalState, ReportState
from service.domain.testimonies import Publication, SheetState, TestimonyState
from service.locales import Language, speaker
from service.matching.reasons import REASON_KEYS
from service.models.exports import ExportState
from service.usecases.figures.counts import Happening
from service.usecases.figures.health import Fate
from service.usecases.figures.money import Teller
from service.usecases.figures.path import Step
from service.usecases.inbox import Folder
from service.usecases.standing import Waits
from service.web.admin.people import Side
from service.web.errors import EXPLAINED
from tests.service.locales.catalogues import DOMAINS, texts
from tests.service.locales.sources import asked, could_be_said

# Values that are said as words: `Speaker.write` makes the key of the kind and the value.
SAID = (
    *(Sector, Source, Posting, ArrivalState, Urgency, CostBasis, Funder, Agreement, LandStatus, WaterRight),
    *(ProjectState, Grievance, Withdrawal, Condition, Milestone),
    *(Stage, Problem, HelpWanted, Publication, SheetState, Pace, Kind),
    HistoryKind,
    *(Happening, Step, Teller, Fate),
    *(OfficerRole, ChangeKind, UserRole, AssociationState, NeedState, ReportState, MessageState, TestimonyState),
    *(Folder, Who, LeftOut, BroadcastState, ProposalState, Side),
    *(ExportState, Waits),
)
KEYS = {key: domain for domain in DOMAINS for key in texts(Language.FR, domain)}


def written() -> set[str]:
    """The keys of values that are words."""
    return {f"{re.sub(r'(?<!^)(?=[A-Z])', '_', kind.__name__).lower()}.{one}" for kind in SAID for one in kind}


def errors(root: type[TiwiziError] = TiwiziError) -> set[type[TiwiziError]]:
    return {root}.union(*(errors(one) for one in root.__subclasses__()))


def test_the_walk_finds_each_way_of_asking() -> None:
    assert {
        "key.back",  # say
        "need.sector",  # a prompt
        "progress.saved.alone",  # one of two
        "need.sector.label",  # a line of a review
        "need.share.nothing",  # a named part of a prompt
        "progress.milestone.percent",  # a prompt of one dialogue
        "expect.number",  # what was misread
        "sms.help_diaspora",  # an answer
        "sms.introduced_village",  # a message
        "web.home.money.what",  # a page
    } <= asked()
    assert could_be_said("need.state.introduced")
    assert could_be_said("sms.association_rejected")
    assert not could_be_said("need.state.mislaid")
    assert not could_be_said("home.nothing_of_ours")
    assert not could_be_said("need.expired")  # a word, but nothing joins it to this


def test_every_text_that_is_asked_for_exists() -> None:
    assert asked() - KEYS.keys() == set()


def test_every_value_that_is_a_word_has_one() -> None:
    assert written() - KEYS.keys() == set()


@pytest.mark.parametrize("language", Language)
def test_what_a_value_is_called_is_said(language: Language) -> None:
    voice = speaker(language)
    assert all(voice.write(one) for kind in SAID for one in kind)


def test_families_have_all_their_members() -> None:
    states = {f"need.state.{state}" for state in NeedState}
    explained = {f"web.error.{status}" for status in EXPLAINED}
    assert (states | explained | set(REASON_KEYS)) - KEYS.keys() == set()
    assert {
        key for error in errors() if not {f"web.{error.key}", error.key} & KEYS.keys() for key in [error.key]
    } == set()


def test_no_text_is_left_that_nothing_says() -> None:
    known = written() | {f"web.{error.key}" for error in errors()}
    assert {key for key in KEYS if not could_be_said(key)} - known == set()
