"""The first screen: who dials decides what it offers, and what waits for an answer comes first."""

from collections.abc import Sequence

from service.domain.errors import NotFoundError
from service.domain.projects import ProjectState
from service.domain.roles import OFFICERS
from service.domain.states import AssociationState
from service.locales import Language
from service.models.communes import speaks_tachelhit
from service.models.contributions import uncounted_by
from service.models.officers import open_invitations, waiting_changes
from service.models.pledges import pledgeable
from service.models.progress import waiting_reports
from service.models.projects import waiting_acts
from service.models.proposals import introduced_to, open_proposals, waiting_interests
from service.models.vouching import waiting_vouches
from service.models.waiting import there_for
from service.usecases.phones import know_phone, start
from ussd.dialogues.arrivals import count, report_arrival
from ussd.dialogues.associations import register
from ussd.dialogues.callbacks import call_me
from ussd.dialogues.context import Context
from ussd.dialogues.coordinators import calls, check_associations, check_needs
from ussd.dialogues.diaspora import enrol, pause, profile
from ussd.dialogues.experiences import experience
from ussd.dialogues.leaving import leave
from ussd.dialogues.needs import my_needs, report_need
from ussd.dialogues.officers import agree, join, officers
from ussd.dialogues.partners import answer_interest
from ussd.dialogues.pins import change_pin
from ussd.dialogues.plans import plan
from ussd.dialogues.pledges import pledge, proposals
from ussd.dialogues.progress import confirm_report, report_progress
from ussd.dialogues.projects import project_menu
from ussd.dialogues.residents import answer_spot, join_as_resident, said_question, waiting_questions
from ussd.dialogues.testimonies import give_testimony
from ussd.dialogues.vouching import answer_vouch
from ussd.engine.dialogue import Dialogue, Talk, dialogue
from ussd.engine.prompts import Choice, End, Menu, Option, Recall

Caller = dict[str, str]
CALLER = "caller"  # the place in the journal of who dials, and of the language spoken with them


@dialogue("home")
def home(ctx: Context) -> Talk:
    """Greet whoever dials with what they may do; what an SMS asked for comes at once."""
    caller = yield Recall(CALLER, ctx.caller)
    ctx.language = caller["language"] or ctx.language
    ctx.start = start = yield Recall("start", lambda: ctx.start)
    if caller["kind"] == "unknown":
        return (yield from welcome(ctx))
    waiting = yield Recall("waiting", lambda: _waiting(ctx, caller))
    offers, others = _offers(caller, waiting)
    if start in {*offers, *others, *_heard(caller), "callback"}:
        return (yield from OFFERED[start](ctx))
    return (yield from _menu(ctx, caller, waiting, offers, others))


def _menu(ctx: Context, caller: Caller, waiting: dict[str, str], offers: list[str], others: list[str]) -> Talk:
    chosen = yield Menu(
        f"home.{_greeting(caller, waiting)}",
        lambda: _lines(ctx, [*offers, *(["other"] if others else [])]),
        zero=Option("help", ctx.voice.say("home.help")),
        values={"name": caller["name"], "reason": caller["reason"], **waiting},
    )
    if chosen == "help":
        witness = caller["kind"] == "officer" and caller["role"] not in OFFICERS
        return (yield from _help(ctx, "witness" if witness else caller["kind"]))
    if chosen == "other":
        chosen = yield Choice("home.other", lambda: _lines(ctx, others))
    return (yield from OFFERED[chosen](ctx))


def _help(ctx: Context, kind: str) -> Talk:
    key = f"help.{kind}"
    yield Choice(key, lambda: _lines(ctx, ["callback"]), values={"number": ctx.settings.sms_number})
    return (yield from call_me(ctx))


def _lines(ctx: Context, offers: Sequence[str]) -> list[Option]:
    return [Option(offer, ctx.voice.say(f"home.{offer}")) for offer in offers]


def _greeting(caller: Caller, waiting: dict[str, str]) -> str:
    if caller["state"] == AssociationState.REJECTED:
        return "rejected"
    if caller["sms"] == "stopped" and caller["kind"] != "coordinator":
        # Nothing that waits can be answered before SMS may be sent again.
        return "stopped"
    return f"waiting.{waiting['what']}" if "what" in waiting else caller["kind"]


def _offers(caller: Caller, waiting: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the lines of the first screen and those behind *other*: nothing whose answer could not reach them."""
    if caller["kind"] in ALWAYS:
        lines, others = ALWAYS[caller["kind"]]
        return [*(["spot"] if "spot" in waiting else []), *lines], others
    if caller["sms"] == "stopped":
        return ["sms", *(["mine"] if caller["kind"] == "officer" else []), "language", "leave"], []
    testimony, project = (["testimony"], ["project"]) if "project" in waiting else ([], [])
    if caller["kind"] == "contact":
        proposed = ["proposals"] if "proposed" in waiting else []
        pledges = ["pledge"] if "pledgeable" in waiting else []
        vouches = ["vouch"] if "vouch" in waiting else []
        return [*vouches, *proposed, *project, *pledges, "profile", "pause"], [*testimony, *PERSONAL]
    if caller["state"] == AssociationState.REJECTED:
        return ["register", "mine"], list(PERSONAL)
    answers = [one for one in ("answer", "agree", "vouch", "receive", "confirm") if one in waiting]
    if caller["role"] not in OFFICERS:
        return [*(one for one in answers if one in {"receive", "confirm"}), *project, "mine"], [*testimony, *PERSONAL]
    progress, arrival = (["progress"], ["arrival"]) if project else ([], [])
    first, then = (project, []) if "act" in waiting else ([], project)
    lines = [*answers, *first, "need", *progress, *then, "mine"]
    # What is in the project's menu too gives way first.
    spare = progress if len(lines) > MOST_LINES else []
    lines = [line for line in lines if line not in spare]
    return lines[:MOST_LINES], [*spare, *lines[MOST_LINES:], *testimony, *arrival, "officers", *PERSONAL]


# What is offered whatever there is.
ALWAYS = {
    "coordinator": (["check_needs", "check_associations", "calls"], ["pin", "language", "experience"]),
    "resident": (["language", "leave"], ["join", "register", "enrol", "experience"]),
}
MOST_LINES = 6  # of the first screen, besides *other*
PERSONAL = ("pin", "language", "leave", "experience")


def _heard(caller: Caller) -> Sequence[str]:
    """Return what an SMS may ask for that is not offered while there is nothing of it: the dialogue says so."""
    if caller["sms"] == "stopped" or caller["state"] == AssociationState.REJECTED:
        return ()
    if caller["kind"] == "resident":
        return ("spot", "village")
    if caller["kind"] == "contact":
        return ("proposals", "vouch", "pledge", "plan", "testimony", "project")
    progress = ("progress", "arrival", "vouch") if caller["role"] in OFFICERS else ()
    return ("confirm", "receive", "plan", "testimony", "project", *progress) if caller["kind"] == "officer" else ()


def _waiting(ctx: Context, caller: Caller) -> dict[str, str]:
    """Return what waits for the caller: `what` and its values are the most urgent, the other keys only say that."""
    if caller["kind"] == "coordinator":
        return {}
    if caller["kind"] == "resident":
        asked = [said_question(ctx, question) for question in waiting_questions(ctx)]
        return {"spot": "yes", "what": "spot", "question": asked[0]} if asked else {}
    if caller["kind"] == "contact":
        contact = ctx.contact()
        looks = {"project": introduced_to, "proposed": open_proposals, "pledgeable": pledgeable}
        found = {what: "yes" for what, look in looks.items() if look(ctx.session, contact.association_id)}
        vouches = waiting_vouches(ctx.session, ctx.now, contact)
        return found | ({"vouch": "yes", "what": "vouch"} if vouches else {})
    there = there_for(ctx.session, ctx.now, ctx.phone)
    if not there:
        raise NotFoundError
    found = {"project": "yes"} if there.projects else {}
    # Most dials end here: nothing is there that might wait.
    return found | _answerable(ctx) if any(there[1:]) else found


def _answerable(ctx: Context) -> dict[str, str]:
    """Return what this officer may answer, the most urgent last, which is therefore what is told."""
    officer, found = ctx.officer(), dict[str, str]()
    if officer.role in OFFICERS and (acts := waiting_acts(ctx.session, ctx.now, officer.association_id)):
        what = "hand_over" if acts[0].state is ProjectState.ACCEPTED else "follow_up"
        found |= {"act": "yes", "what": what, "reference": acts[0].need.reference}
    if reports := waiting_reports(ctx.session, officer):
        found |= {"confirm": "yes", "what": "confirm", "reference": reports[0].need.reference}
    if arrivals := uncounted_by(ctx.session, officer):
        found |= {"receive": "yes", "what": "receive", "reference": arrivals[0].need.reference}
    if officer.role not in OFFICERS:
        return found
    if waiting_vouches(ctx.session, ctx.now, officer):
        found |= {"vouch": "yes", "what": "vouch"}
    if waiting_changes(ctx.session, ctx.now, officer):
        found |= {"agree": "yes", "what": "agree"}
    if interests := waiting_interests(ctx.session, officer.association_id):
        first = interests[0]
        found |= {"answer": "yes", "what": "answer", "diaspora": first.diaspora.name, "reference": first.need.reference}
    return found


@dialogue("welcome")
def welcome(ctx: Context) -> Talk:
    """Someone new: their language, their consent, then what they may do."""
    ctx.language = yield Menu("language", lambda: _languages(ctx))
    if ctx.start == "village":
        # They are asked for a consent of their own.
        return (yield from join_as_resident(ctx))
    agreed = yield Choice("consent", lambda: _yes_or_no(ctx))
    if agreed == "no":
        return End("consent.refused")
    offers = yield Recall("offers", lambda: _newcomer(ctx))
    chosen = ctx.start if ctx.start in offers else None
    if not chosen:
        chosen = yield Menu(
            "home.unknown", lambda: _lines(ctx, offers), zero=Option("help", ctx.voice.say("home.help"))
        )
    if chosen == "help":
        return (yield from _help(ctx, "unknown"))
    return (yield from OFFERED[chosen](ctx))


def _newcomer(ctx: Context) -> list[str]:
    """Return what a newcomer may do, the likeliest first."""
    offers = ["register", "village", "join", "enrol"]
    if open_invitations(ctx.session, ctx.now, ctx.phone):
        first = "join"
    else:
        first = "register" if ctx.phone.startswith(ctx.settings.home_prefix) else "enrol"
    return sorted(offers, key=lambda offer: offer != first)


@dialogue("language.change")
def change_language(ctx: Context) -> Talk:
    """Another language from now on."""
    ctx.language = yield Choice("language.which", lambda: _languages(ctx))
    know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
    return End("language.changed")


@dialogue("sms.start")
def start_sms(ctx: Context) -> Talk:
    """Take STOP back: a consent anew."""
    agreed = yield Choice("consent", lambda: _yes_or_no(ctx))
    if agreed == "no":
        return End("start.refused")
    start(ctx.facts, ctx.now, ctx.phone, ctx.channel)
    return End("start.done")


# What each line leads to; an SMS may name it too (ussd/transports/keywords.py).
OFFERED: dict[str, Dialogue[Context]] = {
    "answer": answer_interest,
    "agree": agree,
    "vouch": answer_vouch,
    "confirm": confirm_report,
    "need": report_need,
    "progress": report_progress,
    "project": project_menu,
    "receive": count,
    "arrival": report_arrival,
    "plan": plan,
    "mine": my_needs,
    "testimony": give_testimony,
    "experience": experience,
    "officers": officers,
    "pin": change_pin,
    "language": change_language,
    "leave": leave,
    "callback": call_me,
    "sms": start_sms,
    "register": register,
    "join": join,
    "enrol": enrol,
    "village": join_as_resident,
    "spot": answer_spot,
    "proposals": proposals,
    "pledge": pledge,
    "profile": profile,
    "pause": pause,
    "check_needs": check_needs,
    "check_associations": check_associations,
    "calls": calls,
}


def _languages(ctx: Context) -> list[Option]:
    # Each in its own name: who needs the line can read it. What most speak where the caller lives comes first.
    names = {"shi": "Tachelhit", "ar": "العربية", "fr": "Français", "en": "English"}
    invited = open_invitations(ctx.session, ctx.now, ctx.phone)
    commune = invited[0].association.commune_code if invited else None
    first = "shi" if speaks_tachelhit(ctx.session, commune, ctx.settings.home_region) else "ar"
    return [Option(one, names[one]) for one in sorted(names, key=lambda one: one != first)]


def _yes_or_no(ctx: Context) -> list[Option]:
    return [Option("yes", ctx.voice.say("consent.yes")), Option("no", ctx.voice.say("consent.no"))]
