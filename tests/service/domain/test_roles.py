"""Roles: a ladder in the admin view, and a witness who declares nothing."""

from service.domain.roles import OFFICERS, OfficerRole, UserRole


def test_each_role_of_the_admin_view_may_do_what_those_before_it_may() -> None:
    ladder = [UserRole.VIEWER, UserRole.COORDINATOR, UserRole.ADMIN]
    assert list(UserRole) == ladder
    for height, role in enumerate(ladder):
        assert [other for other in ladder if role.includes(other)] == ladder[: height + 1]


def test_everyone_but_the_witness_speaks_for_the_association() -> None:
    assert set(OfficerRole) - OFFICERS == {OfficerRole.WITNESS}
