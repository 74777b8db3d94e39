"""Yes, no and what is asked about one need, by SMS; and what is said when the world moved meanwhile."""

from service.domain.errors import MoveError, NotAllowedError, TiwiziError
from service.domain.money import Money
from service.domain.roles import OFFICERS
from service.domain.states import NeedState
from service.messaging.sources import need_source, report_source
from service.models.associations import Officer
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference, needs_of
from service.models.progress import ProgressReport, latest_report
from service.models.proposals import introduced_to, open_proposals, proposal_of, waiting_interests
from service.models.spotchecks import SpotAnswer, asked_of, was_asked
from service.usecases.proposals import decline, express_interest, refuse_interest
from service.usecases.spotchecks import answer_question
from service.usecases.standing import standings
from ussd.engine.prompts import DIGITS
from ussd.transports.forms import promises
from ussd.transports.inbox import CHANNEL, Inbox
from ussd.transports.keywords import PUNCTUATION, Action, Command, key_of

LONGEST_REASON = 200
REFUSAL_LIKE_PLEDGE = "non"  # one key from *don*


def contact_answers(inbox: Inbox, contact: Contact, command: Command) -> None:
    """Note a diaspora association's interest, or its no and why."""
    reference = command.reference or _only_reference(inbox)
    if not reference and not open_proposals(inbox.session, contact.association_id):
        inbox.say("proposals.none")
    elif not reference:
        inbox.reply("which_reference")
    elif command.action is Action.YES:
        code = inbox.settings.ussd_code
        express_interest(inbox.session, inbox.now, contact=contact, reference=reference, code=code)
        inbox.reply("interest_noted", reference=reference)
    elif key_of(command.word) == REFUSAL_LIKE_PLEDGE and promises(command.rest):
        inbox.ask_which((command.word, "don"))
    else:
        reason = command.rest[:LONGEST_REASON]
        decline(inbox.session, inbox.now, contact=contact, reference=reference, reason=reason)
        inbox.reply("decline_noted", reference=reference)


def officer_answers(inbox: Inbox, officer: Officer, command: Command) -> None:
    """Note a village's no; begin its yes, which the code sent back proves."""
    waiting = waiting_interests(inbox.session, officer.association_id)
    meant = [one for one in waiting if command.reference in {None, one.need.reference}]
    if not meant and command.reference:
        _unknown_or_answered(inbox, officer, command.reference)
    elif not meant:
        inbox.say("interest.none")
    elif officer.role not in OFFICERS:
        inbox.reply("not_allowed")
    elif command.action is Action.NO and len(meant) == 1:
        refuse_interest(inbox.session, inbox.now, officer=officer, proposal_id=meant[0].id)
        inbox.reply("refusal_noted", reference=meant[0].need.reference)
    else:
        # Which one is asked where several wait.
        which = [("interest.which", str(meant[0].id))] if len(meant) == 1 else []
        answer = "accept" if command.action is Action.YES else "refuse"
        inbox.converse("", "answer", [*which, ("interest.ask", answer)])


def confides(inbox: Inbox) -> bool:
    """Tell whether the text says yes or no to a spot check, in time or late: nobody else reads it."""
    if inbox.question and inbox.question.prompt.key == "spot.ask":
        return inbox.question.fits(inbox.text)
    lives_here = bool(inbox.resident) or not inbox.known
    return lives_here and _spot_answer(inbox) is not None and was_asked(inbox.session, inbox.phone)


def resident_answers(inbox: Inbox) -> bool:
    """Note whether the works are done, as `1`, `2`, a yes or a no says; False when nothing of that is asked."""
    answer = _spot_answer(inbox)
    asked = asked_of(inbox.session, inbox.phone) if inbox.resident and answer else []
    # A menu that offers the question counts the lines; an older one does not know of it.
    if not asked or not answer or (inbox.question and not inbox.question.idle) or _offered(inbox, "spot"):
        return False
    waiting = [question for question in asked if not question.answer]
    if waiting:
        answer_question(
            inbox.session, inbox.now, phone=inbox.phone, question_id=waiting[0].id, answer=answer, channel=CHANNEL
        )
    inbox.reply("spot_noted" if waiting else "spot_kept")
    return True


def _spot_answer(inbox: Inbox) -> SpotAnswer | None:
    typed = inbox.text.translate(DIGITS).strip().strip(PUNCTUATION)
    said = inbox.command.action if inbox.command and inbox.command.alone else typed
    return {"1": SpotAnswer.YES, Action.YES: SpotAnswer.YES, "2": SpotAnswer.NO, Action.NO: SpotAnswer.NO}.get(said)


def _offered(inbox: Inbox, line: str) -> bool:
    return inbox.question is not None and line in [option.value for option in inbox.question.shown]


def inform(inbox: Inbox, command: Command) -> None:
    """Say what the one who asks may know of a need."""
    reference = command.reference or _only_reference(inbox) or _only_project(inbox)
    need = _need(inbox, reference) if reference else None
    if need:
        report = _report(inbox, need)
        about = {"sector": need.sector, "title": need.title, "douar": need.association.douar}
        if report:
            inbox.reply(
                "info_project",
                reference=need.reference,
                **about,
                stage=report.reached,
                percent=report.percent,
                source=report_source(report),
            )
        else:
            inbox.reply(
                "info",
                reference=need.reference,
                **about,
                households=need.households,
                amount=Money(need.cost),
                share=Money(need.village_share),
                source=need_source(need),
                state=_standing(inbox, need),
            )
    elif reference:
        inbox.reply("reference_unknown", reference=reference)
    else:
        inbox.reply("which_reference")


def _standing(inbox: Inbox, need: Need) -> object:
    """Return where a need stands; while a partner is looked for, also whom it waits for, which is its village's."""
    if inbox.contact or need.state is not NeedState.VERIFIED:
        return need.state
    return standings(inbox.session, inbox.now, [need])[need.id].why


def refuse(inbox: Inbox, refusal: TiwiziError) -> None:
    """Say why what the text asked for cannot be."""
    reference = (inbox.command.reference if inbox.command else None) or ""
    match refusal:
        case NotAllowedError():
            inbox.reply("not_allowed")
        case _ if not reference:
            # The world moved under the conversation (a colleague was faster…).
            inbox.conversations.end_by_sms(inbox.session, inbox.phone)
            inbox.reply("moved")
        case MoveError() if _closed(inbox, reference):
            inbox.reply("closed", reference=reference)
        case MoveError():
            inbox.reply("already_answered", reference=reference)
        case _:
            inbox.reply("reference_unknown", reference=reference)


def _unknown_or_answered(inbox: Inbox, officer: Officer, reference: str) -> None:
    need = need_by_reference(inbox.session, reference)
    mine = need and need.association_id == officer.association_id
    inbox.reply("already_answered" if mine else "reference_unknown", reference=reference)


def _only_reference(inbox: Inbox) -> str | None:
    """Return the reference that is meant when just one proposal waits for this contact."""
    waiting = open_proposals(inbox.session, inbox.contact.association_id) if inbox.contact else []
    return waiting[0].need.reference if len(waiting) == 1 else None


def _only_project(inbox: Inbox) -> str | None:
    """Return the reference that *INFO* alone means: of the village's only need, or of the partners' only project."""
    needs = needs_of(inbox.session, inbox.officer.association_id, limit=2) if inbox.officer else []
    if inbox.contact:
        needs = [one.need for one in introduced_to(inbox.session, inbox.contact.association_id)]
    return needs[0].reference if len(needs) == 1 else None


def _report(inbox: Inbox, need: Need) -> ProgressReport | None:
    """Return how far the works are where somebody said so: nothing to those who are no partners."""
    partners = introduced_to(inbox.session, inbox.contact.association_id) if inbox.contact else []
    told = not inbox.contact or need in [one.need for one in partners]
    return latest_report(inbox.session, need.id) if told else None


def _need(inbox: Inbox, reference: str) -> Need | None:
    """Return the need if the one who asks may know of it: coordinators may of all."""
    if inbox.contact:
        shown = proposal_of(inbox.session, reference, inbox.contact.association_id)
        return shown.need if shown else None
    need = need_by_reference(inbox.session, reference)
    own = need and inbox.officer and need.association_id == inbox.officer.association_id
    return need if own or inbox.user else None


def _closed(inbox: Inbox, reference: str) -> bool:
    need = need_by_reference(inbox.session, reference)
    return need is not None and need.state is NeedState.REJECTED
