"""Where Africa's Talking answers."""

from service.settings import Settings

SANDBOX = "sandbox"


def africastalking_address(settings: Settings) -> str:
    """Return the address of the API that the settings name: the account `sandbox` has one of its own, as in the SDK."""
    domain = "sandbox.africastalking.com" if settings.at_username == SANDBOX else "africastalking.com"
    return settings.at_base_url or f"https://api.{domain}"
