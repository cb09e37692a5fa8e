"""Who may sign in, as the database keeps it: people, their sessions, API tokens and sign-in links.

Every function raises DatabaseUnavailable and DatabaseMismatch. Keys go in as digests: `perseus.access.keys`.
"""

from perseus.db.apitokens import Token, add_token, revoke_token, token_owner, tokens
from perseus.db.sessions import (
    Session,
    end_session,
    end_session_of,
    end_sessions,
    session_owner,
    sessions,
    start_session,
)
from perseus.db.signinlinks import add_link, link_owner, use_link
from perseus.db.users import (
    User,
    add_user,
    change_user,
    is_set_up,
    set_password,
    user,
    user_by_email,
    users,
)

__all__ = [
    "Session",
    "Token",
    "User",
    "add_link",
    "add_token",
    "add_user",
    "change_user",
    "end_session",
    "end_session_of",
    "end_sessions",
    "is_set_up",
    "link_owner",
    "revoke_token",
    "session_owner",
    "sessions",
    "set_password",
    "start_session",
    "token_owner",
    "tokens",
    "use_link",
    "user",
    "user_by_email",
    "users",
]
