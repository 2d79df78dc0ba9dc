"""Observing: a scope is known whole, or unknown with a reason."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import ExitCode, Forbidden, Unavailable
from reconciler.health import Level
from reconciler.observe import Observation, observe
from reconciler.resource import Life, Lifecycle, Observed, Resource, ScopeRead, Stoppage, StoppedBy
from tests.factories import FLEET, TARGET, a_key, a_mark, a_resource, a_row
from tests.fakes import TEAM, FakePlatform


def look(platform: FakePlatform, *desired: Resource) -> Observation:
    return asyncio.run(observe(platform, scopes=[TEAM], desired=desired, fleet_id=FLEET))


def read_of(seen: Observation) -> ScopeRead:
    return seen.live.scopes["team-a"]


def forbidden() -> Forbidden:
    return Forbidden(TARGET, "list", "workloads", status=403)


def test_a_declared_object_is_read_in_full() -> None:
    platform = FakePlatform()
    made = platform.put(a_resource())

    seen = look(platform, a_resource())

    assert seen.live.details == {made.id: made}
    assert seen.exit_code is ExitCode.IN_ORDER


def test_a_scope_where_nothing_is_missing_costs_no_corroboration() -> None:
    platform = FakePlatform()
    platform.put(a_resource())

    look(platform, a_resource())

    assert not {"count", "named"} & {verb for verb, _ in platform.calls}


def test_a_scope_that_answers_empty_is_counted() -> None:
    platform = FakePlatform(counted=[3, 3])

    seen = look(platform)

    assert "shows 0 objects where the count says 3" in read_of(seen).unknown
    assert seen.exit_code is ExitCode.UNOBSERVED


def test_a_count_that_agrees_at_the_second_look_is_churn() -> None:
    platform = FakePlatform(counted=[3])

    seen = look(platform)

    assert not read_of(seen).unknown


def test_an_absent_name_that_a_look_up_finds_makes_the_scope_unknown() -> None:
    platform = FakePlatform()
    platform.put(a_resource("other"))
    hidden = platform.put(a_resource())
    platform.hidden.add(hidden.id)
    platform.counted = [1, 1]

    seen = look(platform, a_resource())

    assert "finds train, which the list does not show" in read_of(seen).unknown


def test_a_list_that_is_refused_is_unknown_and_never_empty() -> None:
    platform = FakePlatform()
    platform.fault("list", forbidden())

    seen = look(platform, a_resource())

    assert "403" in read_of(seen).unknown
    assert seen.exit_code is ExitCode.DENIED
    assert list(seen.failures) == ["prod:team-a"]


def test_a_deleted_list_that_fails_makes_the_scope_unknown() -> None:
    platform = FakePlatform()
    platform.fault("deleted", Unavailable(TARGET, "list", "deleted workloads"))

    assert read_of(look(platform, a_resource())).unknown


def test_a_detail_that_cannot_be_read_makes_only_its_key_doubtful() -> None:
    platform = FakePlatform()
    platform.put(a_resource())
    platform.fault("read", Unavailable(TARGET, "read", "train", status=503))

    seen = look(platform, a_resource())

    assert "503" in read_of(seen).doubtful[str(a_key())]
    assert not read_of(seen).unknown
    assert seen.exit_code is ExitCode.UNOBSERVED


def test_an_object_that_goes_away_while_we_read_is_leaving() -> None:
    platform = FakePlatform()
    platform.strange.append(a_row())

    seen = look(platform, a_resource())

    assert [row.life for row in read_of(seen).rows] == [Life.LEAVING]
    assert not seen.live.details


def test_a_row_of_an_unknown_type_puts_only_its_namesake_in_doubt() -> None:
    platform = FakePlatform()
    platform.strange.append(a_row(a_key(kind="Novelty"), is_known_kind=False, mark=None))

    seen = look(platform, a_resource(), a_resource("other"))

    assert set(read_of(seen).doubtful) == {"team-a/Training/train", "team-a/Novelty/train"}


def test_objects_of_others_are_not_read_in_full() -> None:
    platform = FakePlatform()
    platform.put(a_resource("theirs"), mark=a_mark(fleet_id="other"))
    platform.put(a_resource("nobodys"), mark=None)
    platform.put(a_resource("silent"), mark=None, shows_marks=False)
    platform.put(a_resource("ours"))

    look(platform)

    assert sorted(name for verb, name in platform.calls if verb == "read") == ["ours", "silent"]


def test_two_live_rows_with_one_key_are_both_kept() -> None:
    platform = FakePlatform()
    platform.put(a_resource(), id="1")
    platform.put(a_resource(), id="2")

    assert len(read_of(look(platform, a_resource())).rows) == 2


@dataclass
class TellingPlatform(FakePlatform):
    asked: list[str] = field(default_factory=list)

    async def why_stopped(self, observed: Observed) -> Stoppage:
        self.asked.append(observed.key.name)
        if fault := self._fault("why_stopped"):
            raise fault
        return Stoppage(StoppedBy.PERSON)


AT_REST: dict[str, Any] = {"life": Life.STOPPED, "phase": "Stopped", "level": Level.SUSPENDED}


def test_who_stopped_it_is_asked_only_of_what_stands_still_and_shall_run() -> None:
    platform = TellingPlatform()
    wanted = [
        a_resource("still"),
        a_resource("runs"),
        a_resource("kept", lifecycle=Lifecycle(state="Stopped")),
    ]
    for resource in (*wanted, a_resource("pruned")):
        platform.put(resource, **({} if resource.key.name == "runs" else AT_REST))

    seen = look(platform, *wanted)

    assert platform.asked == ["still"]
    (told,) = [one.stopped for one in seen.live.details.values() if one.stopped]
    assert told.by is StoppedBy.PERSON


def test_a_cause_that_cannot_be_read_is_unknown_and_the_object_is_not() -> None:
    platform = TellingPlatform()
    platform.put(a_resource(), **AT_REST)
    platform.fault("why_stopped", forbidden())

    seen = look(platform, a_resource())

    (one,) = seen.live.details.values()
    assert one.stopped is not None
    assert one.stopped.by is StoppedBy.UNKNOWN
    assert seen.failures == {}
