"""Every template of `sms.*` and the kind of message it makes."""

from collections.abc import Mapping

from service.domain.kinds import Kind

KINDS: Mapping[str, Kind] = {
    template: kind
    for kind, templates in {
        Kind.REPLY: (
            "already_answered",
            "closed",
            "decline_noted",
            "dialogue",
            "dropped",
            "experience",
            "experience_none",
            "help_coordinator",
            "help_diaspora",
            "help_unknown",
            "help_village",
            "help_witness",
            "info",
            "interest_noted",
            "moved",
            "not_allowed",
            "not_understood",
            "reference_unknown",
            "refusal_noted",
            "started",
            "stopped",
            "which_reference",
            "which_word",
        ),
        Kind.SECURITY: (
            "officer_change_refused",
            "officer_invited",
            "officer_left",
            "officer_switched_off",
            "officer_unlock_agreed",
            "officer_unlock_asked",
        ),
        Kind.RECORD: ("association_saved", "diaspora_saved", "need_saved", "pledge_noted", "recording_kept"),
        Kind.ALERT: (
            "alert",
            "alert_reminder",
            "arrival_to_count",
            "interest",
            "officer_add_asked",
            "officer_hand_over_asked",
            "officer_remove_asked",
            "plan_to_agree",
            "progress_to_confirm",
            "sheet_asked",
            "sheet_name_asked",
        ),
        Kind.NEWS: (
            "arrival_confirmed",
            "arrival_corrected",
            "arrival_different",
            "arrival_different_giver",
            "association_rejected",
            "association_verified",
            "diaspora_rejected",
            "diaspora_verified",
            "introduced_diaspora",
            "introduced_village",
            "need_rejected",
            "need_verified",
            "officer_add_agreed",
            "officer_hand_over_agreed",
            "officer_joined",
            "officer_remove_agreed",
            "plan_agreed",
            "plan_changed",
            "pledge_village",
            "progress_confirmed",
            "progress_declared",
            "progress_disputed",
            "refused",
            "sheet_published",
            "testimony_published",
            "testimony_set_aside",
        ),
        Kind.DIGEST: ("digest",),
    }.items()
    for template in templates
}
# Those that can be a line of a digest, `line.<template>`, for who wants to hear daily or weekly.
IN_DIGESTS = frozenset({"alert", "alert_reminder", "progress_declared", "progress_confirmed"})
