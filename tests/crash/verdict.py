"""The verdict: what the carrier carried and what callers were told, beside what is in the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from service.domain.states import MessageState, ProposalState
from service.models import (
    Attempt,
    InboundEvent,
    Message,
    Need,
    Officer,
    Proposal,
    Receipt,
    VillageAssociation,
)
from service.models.diaspora import Contact
from service.models.session import reading
from tests.crash.phones import Told
from tests.peers.africastalking import Accepted

GONE = (MessageState.ACCEPTED, MessageState.DELIVERED)
# No fault: a person said STOP, a digest told it.
WELL = (*GONE, MessageState.UNKNOWN, MessageState.CANCELLED, MessageState.DIGESTED)
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
    unresolved: list[str] = field(default_factory=list)
    histories: list[str] = field(default_factory=list)
    unknown: int = 0
    unknown_carried: int = 0
    integrity: str = "ok"

    @property
    def held(self) -> bool:
        """Whether the invariants held."""
        return self.integrity == "ok" and not self.wrong

    @property
    def wrong(self) -> list[str]:
        """What is wrong, a line each."""
        named = ("lost", "doubled_facts", "doubled_sends", "unresolved")
        return [f"{name}: {line}" for name in named for line in getattr(self, name)]


def judge(engine: Engine, told: Sequence[Told], ledger: Sequence[Accepted]) -> Verdict:
    """Compare what should be with what is; nothing may be under way any more."""
    verdict = Verdict(integrity=integrity(engine))
    with reading(engine) as session:
        _facts(session, verdict, told)
        _answers(session, verdict, told)
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
    needs = Counter((title, reference) for title, reference in session.execute(select(Need.title, Need.reference)))
    titles = Counter(session.scalars(select(Need.title)))
    names = Counter(session.scalars(select(VillageAssociation.name)))
    saved = [tuple(row) for row in session.execute(select(Message.template, Message.phone, Message.text))]
    confirmed = Counter((phone, words) for template, phone, words in saved if template == "need_saved")
    welcomed = {phone for template, phone, _ in saved if template == "association_saved"}
    references = {(phone, word.strip(".,:")) for phone, words in confirmed for word in words.split()}
    for one in told:
        if one.kind == "need":
            _there(verdict, needs[one.name, one.reference] and (one.phone, one.reference) in references, one)
        elif one.kind == "need by text":
            _there(verdict, titles[one.name], one)
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
            # What ends a conversation is answered by the fact's own message.
            _there(verdict, events[one.name], one)
        elif one.kind == "answer":
            _there(verdict, (one.reference or one.name, one.phone) in answered, one)
    for kind, counts in (("text", events), ("reply", replies)):
        verdict.doubled_facts += [f"{kind} {name}: {times}" for name, times in counts.items() if times > 1]
    pairs = select(Proposal.need_id, Proposal.diaspora_id).group_by(Proposal.need_id, Proposal.diaspora_id)
    verdict.doubled_facts += [f"proposal {pair}" for pair in session.execute(pairs.having(func.count() > 1))]


def _sends(session: Session, verdict: Verdict, ledger: Sequence[Accepted]) -> None:
    """Messages: what says it was carried stands in the ledger, and nothing stands there once too often."""
    carried = Counter((one.phone, one.text) for one in ledger)
    may, must = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    rows = session.execute(select(Message.phone, Message.text, Message.state, Message.resent, Message.reason))
    for phone, words, state, resent, reason in rows:
        may[phone, words] += 1 + resent
        must[phone, words] += state in GONE
        if state not in WELL:
            verdict.lost.append(f"message {state} ({reason}): {phone} {words}")
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
