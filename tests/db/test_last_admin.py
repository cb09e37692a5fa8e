"""Two admins who take the role from each other at the same moment: one of them stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from perseus.access.roles import Role
from perseus.db import access as rows
from perseus.db.errors import LastAdmin


def test_of_admins_who_lower_one_another_at_once_one_stays(database: str) -> None:
    admins = [
        rows.add_user(database, f"{name}@example.net", name, Role.ADMIN, "test") for name in ("ada", "eve", "kim")
    ]
    for _ in range(10):
        for one in admins:
            rows.change_user(database, one.id, "test", role=Role.ADMIN)
        ready = Barrier(len(admins))

        def lower(user_id: int, ready: Barrier = ready) -> bool:
            ready.wait()
            try:
                rows.change_user(database, user_id, "test", role=Role.VIEWER)
            except LastAdmin:
                return False
            return True

        with ThreadPoolExecutor(len(admins)) as pool:
            assert sorted(pool.map(lower, [one.id for one in admins])) == [False, True, True]
        assert [user.person.role for user in rows.users(database)].count(Role.ADMIN) == 1
