"""The public pages: what Tiwizi is and what villages did, without amounts and without who did not agree to be named."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.domain.phone import show_phone
from service.domain.states import AssociationState, NeedState, ProposalState
from service.models import Commune, Need, Proposal, VillageAssociation
from service.models.session import reading
from service.web.access import access
from service.web.current import container
from service.web.public import caching, cards, experiences, feeds, iati, pages, projects, sharing


@dataclass(frozen=True)
class Figures:
    """How far Tiwizi has come: counts only, no amounts (law 18-18) and no names."""

    communes: int
    associations: int
    needs: int
    introductions: int


@access("public")
def home() -> str:
    """Say what Tiwizi is, to each who may come by."""
    with reading(container().engine) as session:
        figures = count_figures(session)
    number = show_phone(container().settings.sms_number)
    return render_template("public/home.html", figures=figures, number=number)


def count_figures(session: Session) -> Figures:
    """Count communes, verified associations, needs verified so far and introductions made."""
    verified = VillageAssociation.state == AssociationState.VERIFIED
    opened = Need.state.in_([NeedState.VERIFIED, NeedState.INTRODUCED])
    return Figures(
        communes=_count(session, select(func.count(Commune.code))),
        associations=_count(session, select(func.count(VillageAssociation.id)).where(verified)),
        needs=_count(session, select(func.count(Need.id)).where(opened)),
        introductions=_count(
            session, select(func.count(Proposal.id)).where(Proposal.state == ProposalState.INTRODUCED)
        ),
    )


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0


def _blueprint() -> Blueprint:
    made = Blueprint("public", __name__)
    made.add_url_rule("/", "home", home)
    made.add_url_rule("/projects", "projects", projects.find)
    made.add_url_rule("/projects/<reference>", "project", projects.show)
    made.add_url_rule("/cards/<holder>-<language>.pdf", "card", cards.paper)
    made.add_url_rule("/experiences", "experiences", experiences.find)
    made.add_url_rule("/experiences/<reference>", "experience", experiences.show)
    made.add_url_rule("/experiences/<reference>.pdf", "experience_pdf", experiences.paper)
    made.add_url_rule("/testimonies", "testimonies", pages.testimonies)
    made.add_url_rule("/figures", "figures", pages.figures)
    made.add_url_rule("/network", "network", pages.members)
    made.add_url_rule("/join", "join", pages.join)
    made.add_url_rule("/privacy", "privacy", pages.privacy)
    made.add_url_rule("/search", "search", pages.search)
    made.add_url_rule("/feed.xml", "feed", feeds.feed)
    made.add_url_rule("/sitemap.xml", "sitemap", feeds.sitemap)
    made.add_url_rule("/robots.txt", "robots", feeds.robots)
    made.add_url_rule("/export/iati.xml", "iati", iati.export)
    made.after_request(caching.let_keep)
    made.context_processor(
        lambda: {
            "canonical": sharing.canonical,
            "here_in": sharing.here_in,
            "absolute": sharing.absolute,
        }
    )
    return made


public = _blueprint()
