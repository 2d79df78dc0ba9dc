"""Who may use the platform, and what each may do."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.emulator.primus_safe.errors import ApiError, forbidden
from reconciler.emulator.primus_safe.generations import Generation

ADMIN, READER, MEMBER = "system-admin", "system-admin-readonly", "default"
WORKLOAD = "workload"
_OWNER = frozenset({"get", "list", "update", "delete", "resume"})
_IN_WORKSPACE = frozenset({"create", "get", "list"})
_READS = frozenset({"get", "list"})
PRIORITIES = {1: "med", 2: "high"}


@dataclass(frozen=True, slots=True)
class User:
    """An account; `managed` are the workspaces it runs, `restricted` above 0 means frozen."""

    id: str
    name: str
    password: str
    roles: tuple[str, ...]
    created_at: datetime
    workspaces: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    restricted: int = 0
    email: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether everything is allowed."""
        return ADMIN in self.roles


def user_id(name: str) -> str:
    """Give the id of an account: the MD5 of its name, in hexadecimal."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


class Users:
    """The accounts."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}

    def add(
        self,
        name: str,
        password: str,
        at: datetime,
        *,
        roles: Iterable[str] = (MEMBER,),
        workspaces: Iterable[str] = (),
        managed: Iterable[str] = (),
    ) -> User:
        """Let somebody in; replaces the account of that name."""
        made = User(user_id(name), name, password, tuple(roles), at, tuple(workspaces), tuple(managed))
        self._by_id[made.id] = made
        return made

    def freeze(self, name: str, restricted: int = 1) -> None:
        """Restrict an account: it may do nothing; 0 lifts that."""
        self._by_id[user_id(name)] = replace(self.named(name), restricted=restricted)

    def named(self, name: str) -> User:
        """Find an account by its name.  Raises KeyError."""
        return self._by_id[user_id(name)]

    def get(self, id_: str) -> User | None:
        """Find an account by its id."""
        return self._by_id.get(id_)

    def all(self) -> list[User]:
        """List the accounts by id."""
        return sorted(self._by_id.values(), key=lambda one: one.id)

    def change(self, user: User) -> None:
        """Replace an account."""
        self._by_id[user.id] = user


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do: a verb on a kind, in a workspace, to what `owner` made."""

    verb: str
    kind: str = WORKLOAD
    workspace: str = ""
    owner: str = ""


def must_allow(user: User, wish: Wish, generation: Generation) -> None:
    """Raise ApiError 403 if a user may not do that."""
    if user.restricted:
        raise forbidden(f"The user is restricted. type: {user.restricted}")
    if not _allows(user, wish):
        raise _refusal(user, wish, generation)


def _allows(user: User, wish: Wish) -> bool:
    if user.is_admin or (wish.workspace and wish.workspace in user.managed):
        return True
    if READER in user.roles and wish.verb in _READS:
        return True
    owns = bool(wish.owner) and wish.owner == user.id
    shares = bool(wish.workspace) and wish.workspace in user.workspaces
    if wish.kind == WORKLOAD:
        return (owns and wish.verb in _OWNER) or (shares and wish.verb in _IN_WORKSPACE)
    if wish.kind in {"workload/low", "workload/med"}:
        return (owns and wish.verb == "update") or (shares and wish.verb == "create")
    if wish.kind in {"workspace", "node"}:
        return shares and wish.verb in _READS
    return False


def _refusal(user: User, wish: Wish, generation: Generation) -> ApiError:
    if generation.is_first:
        return forbidden(f"The user is not allowed to {wish.verb} {wish.kind}")
    where = f"[{wish.workspace}]" if wish.workspace else "[]"
    return forbidden(f"The user {user.id} is not allowed to {wish.verb} {wish.kind}, workspaces: {where}")


def priority_kind(priority: int) -> str:
    """Name the right that a priority needs: one that does not exist counts as low."""
    return f"workload/{PRIORITIES.get(priority, 'low')}"


def must_be_admin(user: User) -> None:
    """Raise ApiError 403 for all but administrators."""
    if not user.is_admin:
        raise forbidden("System administrator privileges are required")
