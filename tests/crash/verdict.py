"""The verdict: what the carrier carried and what callers were told, beside what is in the database."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState, ProposalState
from service.messaging.claims import FRESH_DOUBT
from service.messaging.outbox import STOP_CONFIRMATION
from service.messaging.receipts import DOUBTED
from service.models import (
    Attempt,
    InboundEvent,
    Message,
    Need,
    Officer,
    Phone,
    Proposal,
    Receipt,
    VillageAssociation,
)
from service.models.diaspora import Contact
from service.models.session import reading
from tests.crash.phones import Told
from tests.peers.africastalking import Accepted

GONE = (MessageState.ACCEPTED, MessageState.DELIVERED)
STARTED = "started"
# What is due is done at the latest by so much later: the clock is moved on, and a worker may be killed on the way.
AT_THE_LATEST = timedelta(minutes=100)
A_DAY = timedelta(days=1)
STOPS = ("stop", "opt-out")
FEWEST = 2  # things in a digest; one is told by itself
# What SQLite is asked about itself; PostgreSQL keeps its constraints by itself, where they are valid.
SQLITE_CHECKS = ("PRAGMA integrity_check", "PRAGMA foreign_key_check")
POSTGRES_CHECK = (
    "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE NOT convalidated"
    " UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
)


@dataclass
class Verdict:
    """Counts, and a line for each thing that is wrong.

    `unresolved` are in doubt although a receipt fits no other. Of the `unknown`, the carrier had `unknown_carried`: the
    others never left, so no receipt will ever speak of them.
    """

    lost: list[str] = field(default_factory=list)
    doubled_facts: list[str] = field(default_factory=list)
    doubled_sends: list[str] = field(default_factory=list)
    after_stop: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    histories: list[str] = field(default_factory=list)
    unknown: int = 0
    unknown_carried: int = 0
    integrity: str = "ok"

    @property
    def held(self) -> bool:
        """Whether the invariants held."""
        return self.integrity == "ok" and not self.wrong and not self.unknown_carried

    @property
    def wrong(self) -> list[str]:
        """What is wrong, a line each."""
        named = ("lost", "doubled_facts", "doubled_sends", "after_stop", "unresolved")
        return [f"{name}: {line}" for name in named for line in getattr(self, name)]


def judge(engine: Engine, told: Sequence[Told], ledger: Sequence[Accepted], now: datetime) -> Verdict:
    """Compare what should be with what is; nothing may be under way any more."""
    stopped = {one.phone for one in told if one.kind in STOPS}
    verdict = Verdict(integrity=integrity(engine))
    with reading(engine) as session:
        _facts(session, verdict, told)
        _answers(session, verdict, told)
        _proposals(session, verdict, stopped)
        _stops(session, verdict, told, ledger)
        _messages(session, verdict, stopped, now)
        _digests(session, verdict)
        _sends(session, verdict, ledger)
        _doubts(session, verdict, ledger)
    return verdict


def integrity(engine: Engine) -> str:
    """Return `ok`, or what the database says of itself."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = [row for check in SQLITE_CHECKS for row in connection.execute(text(check)) if tuple(row) != ("ok",)]
        else:
            rows = list(connection.execute(text(POSTGRES_CHECK)))
        return "; ".join(" ".join(map(str, row)) for row in rows) or "ok"


def _facts(session: Session, verdict: Verdict, told: Sequence[Told]) -> None:
    """Facts of dials: there, once, each with its message."""
    kept = session.execute(select(Need.title, Need.reference)).all()
    needs, titles, reference_of = Counter[tuple[str, str]](kept), Counter(title for title, _ in kept), dict(kept)
    names = Counter(session.scalars(select(VillageAssociation.name)))
    saved = [tuple(row) for row in session.execute(select(Message.template, Message.phone, Message.text))]
    confirmed = Counter((phone, words) for template, phone, words in saved if template == "need_saved")
    welcomed = {phone for template, phone, _ in saved if template == "association_saved"}
    references = {(phone, word.strip(".,:")) for phone, words in confirmed for word in words.split()}
    for one in told:
        if one.kind == "need":
            _there(verdict, needs[one.name, one.reference] and (one.phone, one.reference) in references, one)
        elif one.kind == "need by text":
            _there(verdict, (one.phone, reference_of.get(one.name, "")) in references, one)
        elif one.kind == "association":
            _there(verdict, names[one.name] and one.phone in welcomed, one)
    for kind, counts in (("need", titles), ("association", names), ("confirmation", confirmed)):
        verdict.doubled_facts += [f"{kind} {name}: {times}" for name, times in counts.items() if times > 1]
    officers = select(Officer.phone).where(Officer.left_at.is_(None)).group_by(Officer.phone).having(func.count() > 1)
    verdict.doubled_facts += [f"officer {phone}" for phone in session.scalars(officers)]


def _answers(session: Session, verdict: Verdict, told: Sequence[Told]) -> None:
    """Texts: each kept once and answered once; and what they decided."""
    events = Counter(one.partition("~")[0] for one in session.scalars(select(InboundEvent.external_id)))
    keys = session.scalars(select(Message.key).where(Message.key.startswith("sms:africastalking:")))
    replies = Counter(key.split("|")[0].rpartition(":")[2] for key in keys)
    decided = session.execute(
        select(Need.reference, Contact.phone)
        .join(Proposal, Proposal.need_id == Need.id)
        .join(Contact, Contact.association_id == Proposal.diaspora_id)
        .where(Proposal.state != ProposalState.PROPOSED)
    )
    answered = {(reference, phone) for reference, phone in decided}
    for one in told:
        if one.kind == "text":
            _there(verdict, events[one.name] and replies[one.name], one)
        elif one.kind == "kept":
            _there(verdict, events[one.name], one)
        elif one.kind == "unheard":
            _there(verdict, events[one.name], one)
            verdict.after_stop += [f"an answer to {one}"] * replies[one.name]
        elif one.kind == "answer":
            _there(verdict, (one.reference or one.name, one.phone) in answered, one)
    for kind, counts in (("text", events), ("reply", replies)):
        verdict.doubled_facts += [f"{kind} {name}: {times}" for name, times in counts.items() if times > 1]
    pairs = select(Proposal.need_id, Proposal.diaspora_id).group_by(Proposal.need_id, Proposal.diaspora_id)
    verdict.doubled_facts += [f"proposal {pair}" for pair in session.execute(pairs.having(func.count() > 1))]


def _proposals(session: Session, verdict: Verdict, stopped: Collection[str]) -> None:
    """Proposals: each told to whom it concerns, unless they said STOP."""
    keys = set(session.scalars(select(Message.key).where(Message.key.startswith("proposal:"))))
    asked = select(Proposal.id, Contact.phone).join(Contact, Contact.association_id == Proposal.diaspora_id)
    alerts = [(f"proposal:{number}:proposed", phone, "alert") for number, phone in session.execute(asked)]
    interested = (
        select(Proposal.id, Officer.phone)
        .join(Proposal.need)
        .join(Officer, Officer.association_id == Need.association_id)
        .where(Proposal.state == ProposalState.INTERESTED)
    )
    answers = [(f"proposal:{number}:interested", phone, "interest") for number, phone in session.execute(interested)]
    for event, phone, template in alerts + answers:
        if phone not in stopped and f"{event}|{phone}|{template}" not in keys:
            verdict.lost.append(f"{template} of {event} to {phone}")


def _stops(session: Session, verdict: Verdict, told: Sequence[Told], ledger: Sequence[Accepted]) -> None:
    """STOP and START: kept, and between them nothing is begun but the confirmation."""
    silent = set(session.scalars(select(Phone.number).where(Phone.stopped_at.is_not(None))))
    saved = set(session.execute(select(Message.phone, Message.template)))
    starts = {one.phone: one for one in told if one.kind == "start"}
    for one in starts.values():
        _there(verdict, one.phone not in silent and (one.phone, STARTED) in saved, one)
    for one in (one for one in told if one.kind in STOPS):
        start = starts.get(one.phone)
        confirmed = one.kind == "opt-out" or (one.phone, STOP_CONFIRMATION) in saved
        _there(verdict, confirmed and (start or one.phone in silent), one)
        others = select(Message.text).where(Message.phone == one.phone, Message.template != STOP_CONFIRMATION)
        begun = others.join(Attempt, Attempt.message_id == Message.id).where(Attempt.begun_at > one.at)
        begun = begun.where(Attempt.begun_at < start.at) if start else begun
        verdict.after_stop += [f"begun: {one.phone} {words}" for words in session.scalars(begun)]
        texts = set(session.scalars(others))
        lines = ledger[one.carried : start.carried if start else None]
        # One call to a phone may have been under way when STOP was answered.
        verdict.after_stop += [f"{line}" for line in lines if line.phone == one.phone and line.text in texts][1:]


def _messages(session: Session, verdict: Verdict, stopped: Collection[str], now: datetime) -> None:
    """Messages: each ended well, or may be where it is."""
    asked = set(session.scalars(select(Proposal.id).where(Proposal.state == ProposalState.PROPOSED)))
    for one in session.scalars(select(Message).where(Message.state.not_in(GONE)).order_by(Message.id)):
        match one.state:
            case MessageState.UNKNOWN:
                well = not _forgotten(one, now)
            case MessageState.CANCELLED if one.reason == "no longer news":
                # It waited for a digest: meanwhile it was answered, or the alert itself stands there.
                well = one.template == "alert_reminder" or int(one.key.split(":")[1]) not in asked
            case MessageState.CANCELLED:
                well = one.phone in stopped and one.template not in {STOP_CONFIRMATION, STARTED}
            case MessageState.GATHERED:
                well = one.created_at + A_DAY + AT_THE_LATEST > now
            case _:
                well = one.state is MessageState.DIGESTED
        if not well:
            verdict.lost.append(f"message {one.state} ({one.reason}): {one.phone} {one.text}")


def _forgotten(one: Message, now: datetime) -> bool:
    """Tell whether what is in doubt should have been sent once more."""
    due = one.next_at + (FRESH_DOUBT if one.kind is Kind.REPLY else DOUBTED)
    return MANNERS[one.kind].twice and not one.resent and due + AT_THE_LATEST < min(now, one.expires_at)


def _digests(session: Session, verdict: Verdict) -> None:
    """Digests: each tells two things or more, which no other digest tells."""
    digests = select(Message.id, Message.phone).where(Message.template == "digest")
    phones = dict(session.execute(digests).all())
    gathered = select(Message.digest_id, Message.phone, Message.key).where(Message.state == MessageState.DIGESTED)
    things = Counter[int]()
    for number, phone, key in session.execute(gathered):
        things[number or 0] += 1
        if phones.get(number or 0) != phone:
            verdict.lost.append(f"in no digest: {key}")
    few = {number: phone for number, phone in phones.items() if things[number] < FEWEST}
    verdict.doubled_facts += [f"digest {number} to {phone}: of {things[number]}" for number, phone in few.items()]


def _sends(session: Session, verdict: Verdict, ledger: Sequence[Accepted]) -> None:
    """The ledger: what says it was carried stands in the ledger, and nothing stands there once too often."""
    carried = Counter((one.phone, one.text) for one in ledger)
    may, must = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    rows = session.execute(select(Message.phone, Message.text, Message.state, Message.resent))
    for phone, words, state, resent in rows:
        may[phone, words] += 0 if state is MessageState.DIGESTED else 1 + resent
        must[phone, words] += state in GONE
    verdict.lost += [f"never carried: {one}" for one in (must - carried).elements()]
    verdict.doubled_sends += [f"{one}" for one in (carried - may).elements()]
    for phone in sorted({phone for phone, _ in ((must - carried) | (carried - may))}):
        verdict.histories.append(_history(session, phone, ledger))


def _history(session: Session, phone: str, ledger: Sequence[Accepted]) -> str:
    """Return what became of all messages to a phone, to see what went wrong."""
    messages = session.scalars(select(Message).where(Message.phone == phone).order_by(Message.id)).all()
    attempts = session.scalars(select(Attempt).where(Attempt.message_id.in_([one.id for one in messages]))).all()
    receipts = session.scalars(select(Receipt).where(Receipt.phone == phone).order_by(Receipt.id)).all()
    return "\n".join(
        [
            phone,
            *(
                f"  {one.id} {one.state} {one.provider_id} resent {one.resent}, {one.created_at} {one.next_at} "
                f"{one.lease_until} {one.reason}: {one.text!r}"
                for one in messages
            ),
            *(f"  attempt {one.message_id} {one.begun_at} {one.ended_at} {one.outcome}" for one in attempts),
            *(f"  receipt {one.provider_id} {one.status} {one.received_at}: {one.message_id}" for one in receipts),
            *(f"  carried {one.message_id} {one.text!r}" for one in ledger if one.phone == phone),
        ]
    )


def _doubts(session: Session, verdict: Verdict, ledger: Sequence[Accepted]) -> None:
    """What is in doubt: nothing that a receipt, which came, says of one message only."""
    in_doubt = select(Message.phone, Message.text).where(Message.state == MessageState.UNKNOWN)
    texts = Counter((phone, words) for phone, words in session.execute(in_doubt))
    known = set(session.scalars(select(Message.provider_id)))
    told = set(session.scalars(select(Receipt.provider_id)))
    unclaimed = [one for one in ledger if one.message_id not in known and one.message_id in told]
    verdict.unknown = texts.total()
    verdict.unknown_carried = (texts & Counter((one.phone, one.text) for one in unclaimed)).total()
    doubtful = Counter(phone for phone, _ in texts.elements())
    verdict.histories += [_history(session, phone, ledger) for phone in sorted(doubtful)]
    free = Counter(one.phone for one in unclaimed)
    # Where two were ever in doubt, an id may be either's.
    twice = set(session.scalars(select(Message.phone).where(Message.resent > 0)))
    verdict.unresolved += sorted({phone for phone, times in doubtful.items() if times == free[phone] == 1} - twice)


def _there(verdict: Verdict, found: object, one: Told) -> None:
    if not found:
        verdict.lost.append(str(one))
