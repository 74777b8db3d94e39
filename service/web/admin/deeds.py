"""How people say what the audit wrote down: `need.verified` is a kind of thing and what was done with it."""

from service.web.current import voice

KINDS = (
    *("user", "officer", "contact", "resident", "phone", "operator", "visitor", "job", "command"),
    *("association", "diaspora", "need", "proposal", "project", "plan", "contribution", "arrival", "pledge"),
    *("progress", "report", "change", "officer_change", "callback", "message", "gateway", "rate", "sheet"),
    *("testimony", "spot_check", "recording", "pin", "code", "invitation", "hook", "silence"),
    *("broadcast", "canned", "conversation", "export", "listing", "person", "token", "webhook"),
    *("cli", "service"),
)
JOBS = ("match", "sheets", "spot-checks", "silence", "broadcasts", "leaving")
DONE = (
    *("created", "invited", "invited_again", "accepted", "signed_in", "sign_in_failed", "locked", "signed_out"),
    *("signed_out_everywhere", "password_changed", "password_given", "phone_set", "phone_removed", "factor_on"),
    *("factor_off", "codes_renewed", "role_changed", "blocked", "unblocked"),
    *("registered", "joined", "left", "moved", "merged", "split", "unattended", "forgotten", "asked", "agreed", "done"),
    *("refused", "expired", "reported", "detailed", "verified", "rejected", "proposed", "interested", "introduced"),
    *("declined", "withdrawn", "declared", "confirmed", "different", "disputed", "unlike_promise", "released", "set"),
    *("promised", "begun", "told", "started", "stopped", "replayed", "arrived", "malformed", "report_days"),
    *("drafted", "completed", "published", "consent", "consent_asked", "consent_changed", "given", "set_aside"),
    *("agree_plan", "reopen_plan", "begin_works", "accept", "reopen_works", "hand_over", "take_back", "follow_up"),
    *("dispute", "settle", "withdraw", "take_up", "pace_changed", "paused", "resumed"),
    *("entered", "taken_back", "overtaken", "sent", "written", "approved", "cancelled", "worded", "answered"),
    *("assigned", "resolved", "reopened", "exported", "fetched", "made", "revoked"),
    *("doubted", "vouch_asked", "vouch_refused", "vouched"),
    *("attention_changed", "capacity_changed", "origins_changed", "pause_changed", "sectors_changed"),
)


def kind(written: str) -> str:
    """Return what a kind of person or thing is called; one without a word is shown as it is written down."""
    return voice().say(f"web.audit.kind.{written}") if written in KINDS else written


def job(written: str) -> str:
    """Return what the service does by itself is called."""
    return voice().say(f"web.audit.job.{written}") if written in JOBS else written


def deed(written: str) -> str:
    """Return what an action is called, `Besoin : vérification`."""
    about, _, done = written.partition(".")
    said = voice().say(f"web.audit.done.{done}") if done in DONE else done
    return voice().say("web.audit.deed", kind=kind(about), done=said)
