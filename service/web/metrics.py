"""`/metrics`: figures for Prometheus, read from the database when asked, so that all workers say the same."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from threading import Lock

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.container import Container
from service.messaging.budget import THOUSAND
from service.messaging.webhooks import count_deliveries, oldest_waiting
from service.models import JobTick
from service.models.gateways import ALL as ALL_GATEWAYS
from service.models.messages import count_messages, count_unmatched_receipts, oldest_due
from service.models.session import reading
from service.settings import Settings
from service.usecases.messages import gateways_now, spending_now
from service.web.access import access
from service.web.hook import address_allowed

# Counting a million messages takes a tenth of a second; however many ask, it is done four times a minute.
KEPT = timedelta(seconds=15)
# What an association or a phone cost is nobody's but theirs.
SCOPES = frozenset({"all", "country"})
Source = Callable[[Session, Settings, datetime], Iterator[Metric]]


def metrics_blueprint(container: Container) -> Blueprint:
    """Return the view. Public as health is, for a program has no session; but only from TIWIZI_METRICS_ADDRESSES.

    Others are told that nothing is there: how many messages go out, and at what cost, is the operator's.
    """
    blueprint = Blueprint("metrics", __name__)
    page = Page(container)

    @blueprint.get("/metrics")
    @access("public")
    def show() -> Response:
        if _forwarded(container.settings) or not address_allowed(
            container.settings.metrics_addresses, request.remote_addr
        ):
            abort(404)
        return Response(page.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return blueprint


def _forwarded(settings: Settings) -> bool:
    """Tell whether a proxy that the settings do not know of sent the request: then its address is not the caller's."""
    return not settings.proxies and not {"X-Forwarded-For", "Forwarded"}.isdisjoint(request.headers.keys())


class Page:
    """The figures as text, a few seconds old at most."""

    def __init__(self, container: Container) -> None:
        """Read from the container's database."""
        self._container = container
        self._registry = CollectorRegistry()
        self._registry.register(Figures(container))
        self._turn = Lock()
        self._text, self._until = b"", container.clock()

    def text(self) -> bytes:
        """Return the figures; who asks while another counts waits for that count."""
        with self._turn:
            now = self._container.clock()
            if now >= self._until:
                self._text, self._until = generate_latest(self._registry), now + KEPT
            return self._text


class Figures(Collector):
    """What the database knows, at the moment it is asked."""

    def __init__(self, container: Container) -> None:
        """Read from the container's database."""
        self._container = container

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: that would ask the database at the start."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every figure, all of one moment."""
        container = self._container
        with reading(container.engine) as session:
            for source in SOURCES:
                yield from source(session, container.settings, container.clock())


def _messages(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    messages = GaugeMetricFamily("tiwizi_messages", "Messages in each state.", labels=["state", "kind"])
    for (state, kind), count in sorted(count_messages(session).items()):
        messages.add_metric([state, kind], count)
    yield messages
    due = oldest_due(session, now, settings.used_gateways)
    late = (now - due).total_seconds() if due else 0.0
    yield GaugeMetricFamily(
        "tiwizi_message_oldest_due_seconds", "For how long the oldest message that is due waits.", value=late
    )
    unmatched = count_unmatched_receipts(session)
    yield GaugeMetricFamily("tiwizi_receipts_unmatched", "Receipts that fit no message.", value=unmatched)


def _gateways(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    weight = GaugeMetricFamily(
        "tiwizi_gateway_weight", "Part of its messages a gateway gets, 0 to 1.", labels=["gateway"]
    )
    stopped = GaugeMetricFamily(
        "tiwizi_gateway_stopped", "1 when somebody stopped the gateway; * is all.", labels=["gateway"]
    )
    for view in gateways_now(session, now, settings.used_gateways):
        stopped.add_metric([view.name], float(view.stopped_at is not None))
        if view.name != ALL_GATEWAYS:
            weight.add_metric([view.name], view.weight / 100)
    yield weight
    yield stopped


def _balances(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    balance = GaugeMetricFamily(
        "tiwizi_gateway_balance", "Credit of the gateway's account, last seen.", labels=["gateway", "currency"]
    )
    low = GaugeMetricFamily(
        "tiwizi_gateway_balance_low", "1 when that is below TIWIZI_SMS_LOW_BALANCE.", labels=["gateway"]
    )
    age = GaugeMetricFamily("tiwizi_gateway_balance_age_seconds", "Since it was seen.", labels=["gateway"])
    for view in gateways_now(session, now, settings.used_gateways):
        if view.balance and view.balance_at:
            balance.add_metric([view.name, view.balance.currency], float(view.balance.units))
            low.add_metric([view.name], float(view.is_low(settings.sms_low_balance)))
            age.add_metric([view.name], (now - view.balance_at).total_seconds())
    yield from (balance, low, age)


def _spending(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    labels = ["scope", "country"]
    spent = GaugeMetricFamily("tiwizi_spending", "Spent today (UTC), in the currency of the caps.", labels=labels)
    cap = GaugeMetricFamily("tiwizi_cap", "What may be spent in a day.", labels=labels)
    for one in spending_now(session, settings, now):
        if one.scope in SCOPES:
            spent.add_metric([one.scope, one.whose], one.amount / THOUSAND)
            cap.add_metric([one.scope, one.whose], one.cap / THOUSAND)
    yield spent
    yield cap


def _webhooks(session: Session, _settings: Settings, now: datetime) -> Iterator[Metric]:
    deliveries = GaugeMetricFamily("tiwizi_webhook_deliveries", "Webhook deliveries in each state.", labels=["state"])
    for state, count in sorted(count_deliveries(session).items()):
        deliveries.add_metric([state], count)
    yield deliveries
    oldest = oldest_waiting(session, now)
    late = (now - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        "tiwizi_webhook_oldest_due_seconds", "For how long the oldest webhook that is due waits.", value=late
    )


def _jobs(session: Session, _settings: Settings, now: datetime) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("tiwizi_job_last_run_seconds", "Since the job's last due time that ran.", labels=["job"])
    for job, due in session.execute(select(JobTick.job, func.max(JobTick.due_at)).group_by(JobTick.job)):
        jobs.add_metric([job], (now - due).total_seconds())
    yield jobs


SOURCES: tuple[Source, ...] = (_messages, _gateways, _balances, _spending, _webhooks, _jobs)
