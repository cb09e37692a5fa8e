"""What a process does for the commands about its exchange. Each is quick, or gives back what takes long."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from urllib.parse import urlsplit

from perseus.clock import iso
from perseus.control.command import Kind
from perseus.control.handling import Cancelled, Done, Job, Refused, Registry, Work
from perseus.errors import PerseusError
from perseus.ingest.commands.reins import Paused
from perseus.ingest.commands.warmingup import Warmable, of_pairs, said_of, warmed_up
from perseus.ingest.host import Host
from perseus.ingest.opening import Open, Opening
from perseus.ingest.service import Order, Service
from perseus.ingest.standby.handover import hand_over, next_holder, successors
from perseus.ingest.standby.waiting import Ordered, Waiting

SHOWN = 20


class NotStopped(PerseusError):
    """Raised when what was told to stop has not ended in the time that a stop has."""

    def __init__(self, exchange: str, hostname: str, seconds: float) -> None:
        super().__init__(
            f"{exchange} has not stopped within {seconds:g} s and is being stopped yet: {hostname} may still hold its "
            "lease. Look at its card, and at the log of its process."
        )


def install(host: Host, registry: Registry) -> None:
    """Give `host` all that it can do."""
    desk = Handlers(host)
    registry.add(Kind.START, desk.start)
    registry.add(Kind.STOP, desk.stop)
    registry.add(Kind.PAUSE, desk.pause)
    registry.add(Kind.RESUME, desk.resume)
    registry.add(Kind.RELOAD, desk.reload)
    registry.add(Kind.SET_SYMBOLS, desk.set_symbols)
    registry.add(Kind.WARM_UP, desk.warm_up)
    registry.add(Kind.CANCEL_WARM_UP, desk.cancel_warm_up)
    registry.add(Kind.CHECK, partial(_check, host))
    registry.add(Kind.TAKEOVER, desk.take_over)
    registry.add(Kind.HAND_OVER, partial(hand_over, host))


class Handlers:
    """Of one process."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def start(self, job: Job) -> Work:
        """Serve the exchange that the command names."""
        command, open_ = job.command, self._host.open
        name, simulator = command.exchange_name, _url(command.arguments.get("simulator"))
        if not name:
            raise Refused("A start names the exchange that is to be served.")

        admin = command.by, command.by_name
        order = Order(name, lambda: _opened(open_, name, simulator), job.who, admin, simulator)
        service = self._host.reserve(order)
        self._host.begin(service)
        return partial(self.until_active, job, service)

    def take_over(self, job: Job) -> Work:
        """Serve the exchange that another process holds: it is asked for it, and has to give it in time."""
        host, command, service = self._host, job.command, self._host.service
        name = command.exchange_name
        if not name:
            raise Refused("A takeover names the exchange that is to be taken.")
        ordered = Ordered(host.target, job.who, command)
        if service is not None and service.is_standby and service.order.exchange == name:
            if service.takeover is not None:
                raise Refused(f"{host.hostname} takes {name} over already, by {service.takeover.by}.")
            service.takeover = ordered
            host.changed()
        else:
            open_, simulator = host.open, _url(command.arguments.get("simulator"))
            claim, admin = Waiting(host, ordered=ordered), (command.by, command.by_name)
            order = Order(name, lambda: _opened(open_, name, simulator), job.who, admin, simulator, claim)
            service = host.reserve(order)
            service.takeover = ordered  # whoever stops the holder now is to be told of it
            host.changed()
            host.begin(service)
        return partial(self.until_active, job, service, ordered)

    def until_active(self, job: Job, service: Service, ordered: Ordered | None = None) -> Done:
        """Tell its steps until it is active. Raises what it failed of."""
        told: tuple[str, int | None] = ("", None)

        def look() -> None:
            nonlocal told
            job.check()
            if ordered is not None and ordered.refused is not None:
                raise ordered.refused
            feed = service.feed()
            stats = feed.warmup_stats if isinstance(feed, Warmable) else None
            text, percent = said_of(stats) if stats is not None and stats.is_at_work else (service.step, None)
            if (text, percent) != told:
                told = text, percent
                job.step(text, percent)
                self._host.changed()

        name = service.order.exchange
        if service.await_active(look) and service.instance is not None:
            self._host.changed()
            data = {"instanceId": service.instance.instance_id, "hostname": self._host.hostname}
            return Done(f"{name} is active on {self._host.hostname}.{_aftermath(service)}", data)
        if service.error is not None:
            raise service.error
        raise Cancelled(job.why or f"{name} was stopped before it was active.")

    def stop(self, job: Job) -> Work:
        """Stop it at whatever stage it is; with `standby` only as long as it stands by."""
        service, host = self._service(), self._host
        name, stood_by = service.order.exchange, service.is_standby
        if job.command.arguments.get("standby") is True and not stood_by:
            raise Refused(f"{host.hostname} stands by for {name} no longer: it is {service.step}. Nothing was stopped.")
        service.is_stopping = True

        def work() -> Done:
            next_ = "" if stood_by else successors(host, service.exchange_id)
            service.stop(f"stopped by {job.who}")
            if not service.ended.wait(host.settings.stop_seconds):
                raise NotStopped(name, host.hostname, host.settings.stop_seconds)
            then = "waits for a start" if host.is_idle_host else "ends"
            if stood_by:
                return Done(f"{host.hostname} stands by for {name} no longer; its process {then}.")
            why = service.instance.unreleased if service.instance is not None else ""
            how = f"; {why}." if why else ", its lease released;"
            next_ = next_ if why else next_holder(host, service) or next_
            return Done(f"{name} is stopped{how} {host.hostname} {then}.{next_}", {"isReleased": not why})

        return work

    def pause(self, job: Job) -> Work:
        """Close the feed and keep the lease."""
        service = self._active()
        if (paused := service.reins.paused) is not None:
            raise Refused(f"{service.order.exchange} is paused already, by {paused.by} since {paused.at}.")
        paused = Paused(iso(job.command.issued_ms), job.who)
        ticket = service.reins.pause(paused)
        self._show(service, paused)
        text = f"{service.order.exchange} is paused: its feed is closed, its lease is kept."
        return partial(self._served, job, service, ticket, text)

    def resume(self, job: Job) -> Work:
        """Connect and warm the feed again."""
        service = self._active()
        if service.reins.paused is None:
            raise Refused(f"{service.order.exchange} is not paused.")
        ticket = service.reins.resume()
        self._show(service, None)
        job.step("warming")
        text = f"{service.order.exchange} goes on: its feed is connected"

        def work() -> Done:
            self._await(job, service, ticket)
            after = _aftermath(service)
            return Done(f"{text}.{after}" if after else f"{text} and warm.")

        return work

    def reload(self, job: Job) -> Work:
        """Make the feed anew with the symbols that are wanted now."""
        service = self._active()
        before = self._symbols(service)
        ticket = service.reins.renew()
        job.step("connecting with the symbols that are wanted now")

        def work() -> Done:
            self._await(job, service, ticket)
            if service.reins.paused is not None:
                return Done("The symbols are read anew; they count when it goes on.")
            return _changed(before, self._symbols(service), _aftermath(service))

        return work

    def set_symbols(self, job: Job) -> Work:
        """The same; whoever sends it has written the new symbols down where they are read from."""
        if self._host.settings.symbols:
            raise Refused(
                f"PERSEUS_SYMBOLS of {self._host.hostname} says which symbols are taken in, and wins over those that "
                "are watched. Unset it there and start the process again."
            )
        return self.reload(job)

    def warm_up(self, job: Job) -> Work:
        """Look anew at what is there, and fetch what lacks. With `full` all of it is doubted first."""
        service = self._active()
        feed, name = service.feed(), service.order.exchange
        if not isinstance(feed, Warmable):
            raise Refused(f"{name} has nothing to warm up: it plays {feed.name if feed else 'nothing'}.")
        if service.reins.paused is not None:
            raise Refused(f"{name} is paused: resume it, which warms it up as well.")
        run_id = feed.warm_up(job.command.arguments.get("full") is True)
        return partial(warmed_up, job, service, feed, run_id)

    def cancel_warm_up(self, _: Job) -> Done:
        """Fetch no more of what is past; what was fetched stays, and the work goes on."""
        service = self._service()
        feed, name = service.feed(), service.order.exchange
        stats = feed.warmup_stats if isinstance(feed, Warmable) else None
        if not isinstance(feed, Warmable) or stats is None or not stats.is_at_work:
            raise Refused(f"{name} does not warm up now.")
        try:
            feed.cancel_warmup()
        except ConnectionError:
            raise Refused(f"The feed of {name} is closed: nothing is fetched.") from None
        return Done(f"The warmup of {name} is cancelled at {of_pairs(stats)}.")

    def _service(self) -> Service:
        service = self._host.service
        if service is None:
            raise Refused(f"{self._host.hostname} serves no exchange.")
        return service

    def _active(self) -> Service:
        service = self._service()
        if not service.is_active:
            raise Refused(f"{service.order.exchange} is {service.step}: wait until it is active.")
        return service

    def _served(self, job: Job, service: Service, ticket: int, text: str) -> Done:
        self._await(job, service, ticket)
        return Done(text)

    def _await(self, job: Job, service: Service, ticket: int) -> None:
        def look() -> None:
            job.check()
            if service.ended.is_set() or service.is_stopping:
                raise Cancelled(f"{service.order.exchange} was stopped before it was done.")

        service.reins.await_served(ticket, look)
        self._host.changed()

    def _show(self, service: Service, paused: Paused | None) -> None:
        if service.instance is not None:
            at, by = (paused.at, paused.by) if paused is not None else (None, None)
            service.instance.set_fields({"pausedAt": at, "pausedBy": by}, at_once=True)
        self._host.changed()

    def _symbols(self, service: Service) -> frozenset[str]:
        feed = service.feed()
        return frozenset(feed.symbols) if feed is not None else frozenset()


def _check(host: Host, job: Job) -> Done | Work:
    from perseus.ingest.commands.checking import Checker  # the libraries that speak to exchanges cost memory

    return Checker(host)(job)


def _opened(open_: Open | None, name: str, simulator: str | None) -> Opening:
    if open_ is None:
        raise Refused("This process is no idle host.")
    return open_(name, simulator)


def _aftermath(service: Service) -> str:
    """What its warmup did without, as a sentence that follows another."""
    feed = service.feed()
    stats = feed.warmup_stats if isinstance(feed, Warmable) else None
    return f" {stats.aftermath}" if stats is not None and stats.aftermath else ""


def _changed(before: Collection[str], after: Collection[str], aftermath: str) -> Done:
    added, removed = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    kept = len(set(after) & set(before))
    text = f"The feed is connected anew: {_named(added)} added, {_named(removed)} removed, {kept} as before.{aftermath}"
    return Done(text, {"added": added, "removed": removed, "symbols": len(set(after))})


def _named(symbols: list[str]) -> str:
    if not symbols:
        return "none"
    more = f" and {len(symbols) - SHOWN} more" if len(symbols) > SHOWN else ""
    return f"{len(symbols)} ({', '.join(symbols[:SHOWN])}{more})"


def _url(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or urlsplit(value).scheme not in ("http", "https"):
        raise Refused("The address of a simulator begins with http:// or https://.")
    return value
