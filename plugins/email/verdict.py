"""What an error of SMTP means for a delivery. Replies are told by their number: their text may hold anything."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl

from perseus import DeliveryError, Permanent, Poison, Retry

TOO_LARGE = 552


def of(error: OSError, host: str, *, may_have_arrived: bool) -> DeliveryError:
    """The outcome to raise. `may_have_arrived`: it broke while the message was on its way."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return Permanent(f"{host} offers no STARTTLS, or takes no sign-in: look at tls, port and user")
        case smtplib.SMTPRecipientsRefused():
            return _of_recipients(error, host)
        case smtplib.SMTPResponseException():
            return _of_reply(error, host)
        case smtplib.SMTPServerDisconnected() | TimeoutError():
            return Retry(f"{host} gave no whole answer in time", may_have_arrived=may_have_arrived)
        case ssl.SSLCertVerificationError():
            return Permanent(
                f"{host} cannot prove who it is: {error.verify_message}. Look at host, renew its certificate, "
                "or name your own authority in ca_file"
            )
        case ssl.SSLError():
            return Retry(
                f"{host} does not speak TLS as expected: look at tls and port", may_have_arrived=may_have_arrived
            )
        case smtplib.SMTPException():  # the root itself is raised for this alone
            return Permanent(f"{host} offers no way to sign in that is known here")
        case socket.gaierror():
            return Retry(f"the name {host} cannot be looked up", may_have_arrived=False)
    said = os.strerror(error.errno) if error.errno and error.errno > 0 else "no connection"
    return Retry(f"{host} cannot be reached: {said}", may_have_arrived=may_have_arrived)


def _of_reply(error: smtplib.SMTPResponseException, host: str) -> DeliveryError:
    code = error.smtp_code
    if not 500 <= code < 600:
        return Retry(f"{host} answered {code}", status=code, may_have_arrived=False)
    if isinstance(error, smtplib.SMTPDataError) or code == TOO_LARGE:
        return Poison(f"{host} answered {code}: it does not take this message", status=code)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Permanent(f"{host} answered {code}: look at user and password", status=code)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Permanent(f"{host} answered {code}: it takes no mail from this sender", status=code)
    return Permanent(f"{host} answered {code}", status=code)


def _of_recipients(error: smtplib.SMTPRecipientsRefused, host: str) -> DeliveryError:
    """Retry while one of them may be taken later. It may be for the mail that they are refused: the next is tried."""
    codes = [code for code, _ in error.recipients.values()]
    passing = [code for code in codes if code < 500]
    if passing:
        return Retry(f"{host} answered {passing[0]} to the recipients", status=passing[0], may_have_arrived=False)
    return Poison(f"{host} answered {codes[0]}: it takes this mail for none of the recipients", status=codes[0])
