"""Inbound SMS: each is handled once, in one transaction with the one answer it causes."""

from datetime import datetime

from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError
from service.domain.money import Currency
from service.domain.phone import HOME_REGION
from service.domain.roles import OFFICERS
from service.locales import Language, speaker
from service.models.associations import Officer
from service.models.contributions import uncounted_by
from service.models.diaspora import Contact
from service.models.inbound import CONFIDED, first_time
from service.models.needs import projects_of
from service.models.pledges import pledgeable
from service.models.progress import waiting_reports
from service.models.proposals import introduced_to
from service.models.session import transaction
from service.models.testimonies import testimonies_by
from service.usecases.diaspora import pause_alerts
from service.usecases.inbox import note_text
from service.usecases.phones import know_phone, start, stop
from ussd.dialogues.experiences import OWN, sheets_to_answer
from ussd.dialogues.testimonies import OLD
from ussd.sessions import Conversations
from ussd.transports import forms
from ussd.transports.answers import confides, contact_answers, inform, officer_answers, refuse, resident_answers
from ussd.transports.experiences import tell_experience
from ussd.transports.inbox import CHANNEL, Inbox, Text
from ussd.transports.keywords import Action, Command, is_sentence, nearly

__all__ = ("Text", "receive")

# An unknown phone may be a machine that answers answers: so many texts of help, and texts of any kind, an hour.
UNKNOWN_HELP, UNKNOWN_TEXTS = 3, 30
HELPFUL = ("help_unknown", "which_word")
# Where a word leads, by the names of `ussd.dialogues.home.OFFERED`; what the caller is not offered leads to the menu.
STARTS = {
    Action.NEED: "need",
    Action.MENU: "menu",
    Action.GO_ON: "menu",  # where nothing waits
    Action.PROGRESS: "progress",
    Action.CONFIRM: "confirm",
    Action.PROJECT: "project",
    Action.ARRIVAL: "arrival",
    Action.PLAN: "plan",
    Action.TESTIMONY: "testimony",
    Action.RETRACT: "testimony",
    Action.EXPERIENCE: "experience",
    Action.SHEET: "experience",
    Action.OFFICERS: "officers",
    Action.JOIN: "join",
    Action.RESIDENT: "village",
    Action.PLEDGE: "pledge",
    Action.PROFILE: "profile",
    Action.PAUSE: "pause",
    Action.LANGUAGE: "language",
    Action.CALLBACK: "callback",
    Action.PIN: "pin",
    Action.LEAVE: "leave",
}


def receive(conversations: Conversations, text: Text) -> None:
    """Handle an SMS and queue its one answer. Durable when this returns."""
    try:
        _receive(conversations, text)
    except (MoveError, NotAllowedError, NotFoundError) as error:
        _receive(conversations, text, refusal=error)


def _receive(conversations: Conversations, text: Text, refusal: TiwiziError | None = None) -> None:
    container = conversations.container
    now = container.clock()
    with transaction(container.engine) as session:
        inbox = Inbox(conversations, session, now, text, again=refusal is not None)
        confided = confides(inbox)
        kept = {CONFIDED: True} if confided else {"text": inbox.kept}
        new = first_time(
            session,
            gateway=text.gateway,
            kind=CHANNEL,
            external_id=text.id,
            phone=text.phone,
            payload={**text.payload, **kept},
            received_at=now,
        )
        if new and text.answerable:
            # Before it is handled: who leaves by it is forgotten with it.
            if not confided:
                note_text(session, now, text.phone, understood=True, plain=_is_plain(inbox))
            _handle(inbox, refusal)
            if inbox.puzzling and not confided:
                note_text(session, now, text.phone, understood=False)


def _handle(inbox: Inbox, refusal: TiwiziError | None) -> None:
    action = inbox.command.action if inbox.command else None
    if refusal:
        refuse(inbox, refusal)
    elif action is Action.STOP:
        stop(inbox.session, inbox.now, inbox.phone, CHANNEL)
    elif inbox.stopped:
        # No answer would reach them, and nobody decides by questions unseen: START alone brings them back.
        if action is Action.START:
            start(inbox.session, inbox.now, inbox.phone, CHANNEL)
        inbox.puzzling = action is not Action.START
    elif inbox.from_machine():
        return
    elif not inbox.known:
        _stranger(inbox)
    else:
        _answer(inbox)


def _answer(inbox: Inbox) -> None:
    """Answer somebody who is known; whatever they write is a sign of life."""
    know_phone(inbox.session, inbox.now, inbox.phone)
    if not (_commanded(inbox) or _guessed(inbox) or resident_answers(inbox) or inbox.goes_on()):
        _puzzled(inbox)


def _puzzled(inbox: Inbox) -> None:
    """Say that a person will read it; that nothing was asked, to who answers what was counted already."""
    if confides(inbox):
        inbox.say("spot.none")
        return
    inbox.puzzling = True
    inbox.reply("not_understood")


def _stranger(inbox: Inbox) -> None:
    """Let a newcomer begin. Nothing they are answered depends on what there is: no code of a need is looked up."""
    if inbox.replies_lately() >= UNKNOWN_TEXTS:
        return
    asks_help = inbox.command and inbox.command.action in {Action.HELP, Action.START}
    if not asks_help and (_begun(inbox) or inbox.goes_on()):
        return
    inbox.puzzling = not asks_help
    if inbox.replies_lately(*HELPFUL) < UNKNOWN_HELP and (asks_help or not _guessed(inbox)):
        inbox.reply("help_unknown", code=inbox.settings.ussd_code)


def _begun(inbox: Inbox) -> bool:
    command = inbox.command
    if not command or command.action not in {*STARTS, Action.ENROL, Action.MINE} or not _means(inbox, command):
        return False
    if command.action is Action.GO_ON and inbox.question:
        return inbox.converse(None)
    return inbox.converse("", _start(inbox, command.action), _given(inbox, command))


def _commanded(inbox: Inbox) -> bool:
    command = inbox.command
    if not command or not _means(inbox, command):
        return False
    _obey(inbox, command)
    return True


def _means(inbox: Inbox, command: Command) -> bool:
    return not inbox.question or inbox.question.means(command, inbox.text)


def _is_plain(inbox: Inbox) -> bool:
    """Tell whether the text is a word of command and no more. A mere yes or no may answer a person instead."""
    command = inbox.command
    if not command or not inbox.known or not _means(inbox, command) or is_sentence(command.rest):
        return False
    return command.about_one or command.action not in {Action.YES, Action.NO}


def _guessed(inbox: Inbox) -> bool:
    """Obey, or ask about, what was nearly a keyword and answers no question."""
    guess = None if inbox.command else nearly(inbox.text)
    if not guess or (inbox.question and inbox.question.takes(inbox.text)):
        return False
    if guess.command and inbox.known and (not inbox.question or inbox.question.idle):
        _obey(inbox, guess.command)
    else:
        inbox.puzzling = True
        inbox.ask_which(guess.words)
    return True


def _doubted(inbox: Inbox, command: Command) -> bool:
    """Ask rather than guess where the code of a need is none, or a yes says no as well.

    What was never said cannot be taken back either.
    """
    if command.mistyped:
        inbox.reply("reference_unknown", reference=command.mistyped)
    elif command.contrary:
        inbox.ask_which((command.word, command.contrary))
    elif command.action is Action.RETRACT and not _has_spoken(inbox):
        inbox.say("testimony.mine.none")
    elif command.action is Action.SHEET and not sheets_to_answer(inbox.session, inbox.phone):
        inbox.say("sheet.none")
    else:
        return False
    return True


def _obey(inbox: Inbox, command: Command) -> None:
    language = forms.language(command.rest) if command.action is Action.LANGUAGE else None
    match command.action:
        case _ if _doubted(inbox, command):
            pass
        case Action.HELP | Action.START:
            _help(inbox, command.action)
        case Action.INFO | Action.EXPERIENCE if _informed(inbox, command):
            pass
        case Action.YES | Action.NO:
            _decide(inbox, command)
        case Action.GO_ON if inbox.converse(None):
            pass
        case Action.LANGUAGE if language:
            _speak(inbox, language)
        case _ if command.reference and command.reference not in _references(inbox, command):
            # One's own, but there is nothing to promise, report or confirm: where it stands says why.
            inform(inbox, command)
        case _:
            inbox.converse("", _start(inbox, command.action), _given(inbox, command))


def _informed(inbox: Inbox, command: Command) -> bool:
    """Say what is asked of a need, or of what others did; False where the dialogue must ask about what."""
    if command.action is Action.EXPERIENCE:
        return tell_experience(inbox, command)
    inform(inbox, command)
    return True


def _decide(inbox: Inbox, command: Command) -> None:
    if inbox.contact:
        contact_answers(inbox, inbox.contact, command)
    elif inbox.officer:
        officer_answers(inbox, inbox.officer, command)
    elif not resident_answers(inbox):
        _puzzled(inbox)


def _help(inbox: Inbox, action: Action) -> None:
    code = inbox.settings.ussd_code
    if action is Action.START and inbox.contact and _pauses(inbox.contact, inbox.now):
        # REPRENDRE is also how one asks for needs again.
        pause_alerts(inbox.session, inbox.now, contact=inbox.contact, days=0)
        inbox.say("pause.over")
    elif inbox.officer:
        inbox.reply("help_village" if inbox.officer.role in OFFICERS else "help_witness", code=code)
    elif inbox.resident:
        inbox.reply("help_resident")
    else:
        inbox.reply("help_diaspora" if inbox.contact else "help_coordinator", code=code)


def _pauses(contact: Contact, now: datetime) -> bool:
    until = contact.association.paused_until
    return until is not None and until > now


def _speak(inbox: Inbox, language: Language) -> None:
    """Speak another language at once, beside what was begun: that is gone on with."""
    know_phone(inbox.session, inbox.now, inbox.phone, language)
    inbox.conversations.speak(inbox.session, inbox.phone, language)
    inbox.reply("dialogue", text=speaker(language).say("language.changed"))


def _has_spoken(inbox: Inbox) -> bool:
    author = inbox.officer or inbox.contact
    return bool(author and testimonies_by(inbox.session, author))


def _start(inbox: Inbox, action: Action) -> str:
    if action is Action.ENROL:
        return "register" if inbox.phone.startswith(inbox.settings.home_prefix) else "enrol"
    if action is Action.ARRIVAL and inbox.officer and _to_count(inbox, inbox.officer):
        # What a colleague declared waits: who writes of what arrived has counted it.
        return "receive"
    if action is Action.MINE:
        return "proposals" if inbox.contact else "mine"
    return STARTS[action]


def _to_count(inbox: Inbox, officer: Officer) -> bool:
    reference = inbox.command.reference if inbox.command else None
    waiting = uncounted_by(inbox.session, officer)
    return any(reference in {None, arrival.need.reference} for arrival in waiting)


def _given(inbox: Inbox, command: Command) -> forms.Given:
    """Return what the text answers of the dialogue that it begins."""
    match command.action:
        case Action.LANGUAGE:
            # What a newcomer is asked first; others are obeyed at once.
            named = forms.language(command.rest)
            return [("language", named.value)] if named else []
        case Action.RETRACT:
            return [("testimony.way", OLD)]
        case Action.SHEET:
            return [("experience.what", OWN)]
        case Action.JOIN:
            return forms.invitation(command.rest, inbox.settings.secret_key, inbox.phone)
        case _:
            abroad = inbox.contact and inbox.contact.association.country != HOME_REGION
            return forms.given(command, inbox.language, Currency.EUR if abroad else Currency.MAD)


def _references(inbox: Inbox, command: Command) -> set[str | None]:
    """Return the needs that the caller may speak of with this word."""
    session = inbox.session
    match command.action:
        case Action.RESIDENT:
            # Of a village that is not theirs yet.
            return {command.reference}
        case Action.PLEDGE if inbox.contact:
            return {one.need.reference for one in pledgeable(session, inbox.contact.association_id)}
        case Action.PROGRESS | Action.ARRIVAL | Action.PLAN | Action.PROJECT if inbox.officer:
            return {need.reference for need in projects_of(session, inbox.officer.association_id)}
        case Action.PLAN | Action.PROJECT if inbox.contact:
            return {one.need.reference for one in introduced_to(session, inbox.contact.association_id)}
        case Action.CONFIRM if inbox.officer:
            return {report.need.reference for report in waiting_reports(session, inbox.officer)}
        case _:
            return set()
