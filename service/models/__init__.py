"""What is stored: SQLAlchemy entities, one file a subject, queries beside their subject."""

from service.models.associations import Officer, VillageAssociation
from service.models.audit import AuditEntry
from service.models.base import Base
from service.models.broadcasts import Broadcast, BroadcastReceiver
from service.models.callbacks import Callback
from service.models.communes import Commune
from service.models.contributions import Arrival, Contribution, ExchangeRate, LedgerEntry
from service.models.conversations import CannedAnswer, Conversation
from service.models.diaspora import Contact, DiasporaAssociation, Interest, Origin, PlaceLevel
from service.models.exports import Export, ExportState
from service.models.gateways import GatewayState
from service.models.inbound import InboundEvent
from service.models.journals import AnsweredTurn, JournalRow
from service.models.listings import ListingConsent
from service.models.messages import Attempt, Message, Receipt
from service.models.needs import Need, NeedDetails
from service.models.officers import OfficerChange
from service.models.phones import Consent, Phone
from service.models.pledges import Pledge
from service.models.progress import ProgressReport
from service.models.projects import Escalation, PlanAgreement, Project, ProjectStep
from service.models.proposals import Proposal
from service.models.secrets import Secret, SecretKind, WrongGuess
from service.models.sheets import ExperienceSheet, SheetConsent
from service.models.spending import Spending
from service.models.spotchecks import Resident, SpotCheck, SpotQuestion
from service.models.testimonies import Recording, Testimony
from service.models.ticks import JobTick
from service.models.tokens import ApiAnswer, ApiToken
from service.models.users import User, UserSession
from service.models.webhooks import Delivery, Webhook, WebhookTopic

__all__ = [
    "AnsweredTurn",
    "ApiAnswer",
    "ApiToken",
    "Arrival",
    "Attempt",
    "AuditEntry",
    "Base",
    "Broadcast",
    "BroadcastReceiver",
    "Callback",
    "CannedAnswer",
    "Commune",
    "Consent",
    "Contact",
    "Contribution",
    "Conversation",
    "Delivery",
    "DiasporaAssociation",
    "Escalation",
    "ExchangeRate",
    "ExperienceSheet",
    "Export",
    "ExportState",
    "GatewayState",
    "InboundEvent",
    "Interest",
    "JobTick",
    "JournalRow",
    "LedgerEntry",
    "ListingConsent",
    "Message",
    "Need",
    "NeedDetails",
    "Officer",
    "OfficerChange",
    "Origin",
    "Phone",
    "PlaceLevel",
    "PlanAgreement",
    "Pledge",
    "ProgressReport",
    "Project",
    "ProjectStep",
    "Proposal",
    "Receipt",
    "Recording",
    "Resident",
    "Secret",
    "SecretKind",
    "SheetConsent",
    "Spending",
    "SpotCheck",
    "SpotQuestion",
    "Testimony",
    "User",
    "UserSession",
    "VillageAssociation",
    "Webhook",
    "WebhookTopic",
    "WrongGuess",
]
