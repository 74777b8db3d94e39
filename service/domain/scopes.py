"""What a program may do over the API: each token has some of these."""

from enum import StrEnum


class Scope(StrEnum):
    """A permission of a token; also a security scope of the OpenAPI document."""

    NEEDS_READ = "needs:read"
    NEEDS_WRITE = "needs:write"
    ASSOCIATIONS_READ = "associations:read"
    ASSOCIATIONS_WRITE = "associations:write"
    DIASPORA_READ = "diaspora:read"
    DIASPORA_WRITE = "diaspora:write"
    PROPOSALS_READ = "proposals:read"
    PROJECTS_READ = "projects:read"
    PROJECTS_WRITE = "projects:write"
    PROGRESS_READ = "progress:read"
    TESTIMONIES_READ = "testimonies:read"
    SHEETS_READ = "sheets:read"
    MESSAGES_READ = "messages:read"
    FIGURES_READ = "figures:read"
    PEOPLE_READ = "people:read"  # opens nothing by itself: phones, names and unpublished words in what others open
    WEBHOOKS = "webhooks"
