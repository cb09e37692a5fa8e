"""The contract between Perseus and its plugins.

Rules that hold for every hook:

- Implement it under its own name with `@perseus.hookimpl`, as a plain function without default values; take only the
  arguments you need. Wrappers and coroutines are refused.
- An exception costs the plugin that call and nothing else: it is logged with the plugin, the hook and the traceback,
  and the next plugin is asked. Where more follows, the hook says so.
- What would end a process (SystemExit, KeyboardInterrupt, CancelledError) is an exception like any other. Only the
  Ctrl-C of a person passes through a hook that is called on the main thread.
- The import of a plugin has 5 s, on a thread made for it: one that takes longer is `failed`.
- A plugin that is switched off gets no call until it is on again, but `perseus_shutdown` at the end.
- A hook or argument that will go is marked so in this file for two minor versions, with pluggy's `warn_on_impl` or
  `warn_on_impl_args`: the log then names the plugins that still have it, and they still work.
- The heartbeat of a lease runs on a thread of its own, on which no hook is ever called.
- Observers (named in the past tense) cannot veto; what they return is ignored.
- *Its own thread*: each plugin that observes has one thread, called `plugin:<name>`, fed by a queue of 1,000 calls in
  the order in which things happened. A plugin that hangs holds up itself only. When its queue is full, calls are
  dropped and their number is logged. At the end of the process the queue is emptied within the stop time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from perseus.errors import Holder
    from perseus.network.exchange import Exchange
    from perseus.network.instance import Instance
    from perseus.network.payload import InstanceStatus
    from perseus.network.states import State
    from perseus.network.view.reading import ExchangeStatus
    from perseus.notify.delivery import BreakerState, Delivery
    from perseus.notify.notification import Notification
    from perseus.notify.notifier import NotifierKind
    from perseus.notify.outcomes import Delivered
    from perseus.pluginhost.admission.manifest import Manifest
    from perseus.pluginhost.context import Context, IngestContext, NotifyContext
    from perseus.pluginhost.extensions import CardAction, Fragment, NavLink
    from perseus.settings import Settings

# docs/hooks.md is made from these signatures and docstrings, the labels in them included.

PROJECT = "perseus"

#: Version of this contract. The first number grows when a plugin could break, the second when something is added.
API = (1, 0)

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def perseus_manifest() -> Manifest:  # type: ignore[empty-body]
    """Declare which versions of these hooks the plugin works with. Required.

    Called: once, right after the import, before any other hook; nothing is set up yet.
    Where: in every process that loads the plugin, on a thread made for this call.
    May block: no; after 5 s the plugin is `failed`.
    May raise: no; the plugin is then `failed`. No Manifest: `invalid`. Another API: `incompatible`. It gets no call.
    Returns: a `perseus.Manifest`.
    Since: 1.0.
    """


@hookspec
def perseus_startup(context: Context) -> None:
    """Get ready: open what the plugin needs, check its configuration.

    Called: once, after all plugins are loaded and before the process joins the network.
    Where: in every process that loads the plugin, on a thread made for this call.
    May block: for 5 s; the process waits for it.
    May raise: anything. A plugin that raises or takes longer is `failed` and gets no further call.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_shutdown(context: Context) -> None:
    """Let go of what `perseus_startup` opened.

    Called: once, as the plugin's last call, after everything that was observed before.
    Where: in every process that loads the plugin, on its own thread.
    May block: within the stop time of the process (`PERSEUS_STOP_SECONDS`); what takes longer is cut off.
    May raise: logged; the other plugins are shut down all the same. Not called after a kill.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_configured(config: Any, context: Context) -> None:
    """Take in the plugin's own configuration: an instance of the model that its manifest declares.

    Called: after the environment was read and found valid, before `perseus_startup`; only with a declared model, and
    not with `perseus_notify`, whose calls have the configuration of their destination as `context.config`.
    Where: in every process that loads the plugin, on a thread made for this call.
    May block: for 5 s; the process waits for it.
    May raise: anything. A plugin that raises or takes longer is `failed` and gets no further call.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec(firstresult=True)
def perseus_join(exchange: Exchange, context: IngestContext) -> Instance | None:
    """Put this ingest process on the network; there is no other way to join. The bundled `registry` answers last.

    Called: once a start, and again each time an exchange that was not released becomes free.
    Where: in an ingest process, on the thread that called `perseus.join` or `perseus.run`.
    May block: while a data store that is down is waited for (`PERSEUS_STORE_WAIT_SECONDS`), with `context.pause`,
    which a stop ends. The process waits for as long as it takes; every 5 s a warning names the plugin.
    May raise: a PerseusError (LeaseRefused, LeasePending, StoreUnavailable ...) is the answer, and ends the start.
    Anything else is logged and the next plugin is asked; when none is left, the error names plugin and cause.
    Returns: the instance that now holds the exchange, or None to leave it to the next plugin. Anything else is a
    failure of the plugin, as if it had raised.
    Since: 1.0.
    """


@hookspec
def perseus_instance_identity(exchange: Exchange, settings: Settings) -> Mapping[str, str | None] | None:
    """Say who this process is: any of `hostname`, `admin_email`, `admin_name`.

    Called: by the plugin that joins, before each claim.
    Where: in an ingest process, on a thread made for this call.
    May block: for 3 s, all plugins together; the answers of those that take longer are left out.
    May raise: logged; the plugin's answer is left out.
    Returns: a mapping. The first plugin to give a key wins; None says nothing.
    Since: 1.0.
    """


@hookspec(firstresult=True)
def perseus_detect_public_ip(timeout: float) -> str | None:
    """Find the address under which the internet sees this host.

    Called: once a process, after it has joined with an unknown address, which is filled in when this answers.
    Where: in an ingest process, on the thread `public-ip`, where nobody waits for it.
    May block: for `timeout` seconds.
    May raise: logged; the next plugin is asked.
    Returns: an IPv4 or IPv6 address as text, or None for unknown. Other text is logged and counts as None.
    Since: 1.0.
    """


@hookspec
def perseus_instance_registered(status: InstanceStatus) -> None:
    """Observe that this process has claimed its exchange.

    Called: after the claim is in the data store.
    Where: in the ingest process, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_registration_refused(exchange: Exchange, holder: Holder) -> None:
    """Observe that another instance holds the exchange.

    Called: after the claim was refused; LeaseRefused is raised next, and ends a process with exit code 69.
    Where: in the ingest process, on the plugin's own thread.
    May block: within the stop time.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_state_changed(status: InstanceStatus, from_state: State, to_state: State, reason: str) -> None:
    """Observe a transition. Which state may follow which is not for plugins to decide.

    Called: after the transition. Its event is in the activity log, unless the store was away during a stop.
    Where: in the ingest process, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_error_reported(status: InstanceStatus, error: str, count: int) -> None:
    """Observe an error that the ingest process reported.

    Called: for the first of its kind at once, for its repeats once a minute; `count` says how many it stands for.
    Where: in the ingest process, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_status_fields(status: InstanceStatus) -> Mapping[str, str | int | float | None] | None:
    """Add facts to this instance's card, for example the symbols that are late.

    Called: once the process has joined, then every heartbeat interval.
    Where: in the ingest process, on the plugin's own thread; never in the heartbeat itself.
    May block: for 0.1 s. A call that takes longer is logged and its answer dropped; the last good one stays.
    May raise: logged; the last good answer stays.
    Returns: at most 20 fields; keys in camelCase, values text of at most 200 characters, finite numbers or None;
    other fields are dropped and logged. The first plugin to give a key wins, and a contradiction is logged.
    Since: 1.0.
    """


@hookspec
def perseus_lease_lost(status: InstanceStatus, reason: str, holder: Holder | None) -> None:
    """Observe that this instance may not act for its exchange now; its work has been told to stop.

    Called: when its validity ends; `holder` is who has the exchange now, None when nobody is known. The same lease may
    still be renewed: then an error is reported, and work goes on.
    Where: in the ingest process, on the plugin's own thread.
    May block: within the stop time.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_heartbeat_late(status: InstanceStatus, seconds: float) -> None:
    """Observe that a heartbeat was missed: the lease is still valid, but will not be for long.

    Called: once for each silence, `seconds` after the last heartbeat that was answered.
    Where: in the ingest process, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_instance_deregistered(status: InstanceStatus, reason: str) -> None:
    """Observe that this process has given its exchange back.

    Called: after the lease is released, as the last thing observed of this instance.
    Where: in the ingest process, on the plugin's own thread.
    May block: within the stop time.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_register_notifiers() -> Sequence[NotifierKind]:  # type: ignore[empty-body]
    """Offer kinds of destinations, each with a configuration of its own: three channels are three destinations.

    Called: once, after `perseus_startup`. `perseus plugins` asks without a start.
    Where: in the dispatcher, on a thread made for this call.
    May block: no; after 5 s the plugin is `failed`.
    May raise: no; the plugin is then `failed`.
    Returns: `perseus.NotifierKind`s. What their notifiers may do is in `docs/plugins.md`.
    Since: 1.0.
    """


@hookspec
def perseus_notify(event: Notification, context: NotifyContext) -> Delivered | bool | None:
    """Deliver one message: the whole of a small notifier, whose one destination bears the plugin's name.

    Called: for each message that the rules send to this destination, in the order in which things happened, one at a
    time. Again with the same `event.id` after a failure; `event.is_repeat` says that it may have arrived before.
    Where: in the dispatcher, on a thread that this destination's lane made for the call.
    May block: for `PERSEUS_DELIVERY_SECONDS`, 10 s; then the call is abandoned and the breaker opens.
    May raise: `perseus.Wait`, `perseus.Retry`, `perseus.Poison`, `perseus.Permanent`; anything else counts as Retry.
    Returns: None or True for delivered, or a `perseus.Delivered` with the service's name of the message. False: Retry.
    Anything else: Poison, for nobody knows whether a repeat would be a second message.
    Since: 1.0.
    """


@hookspec
def perseus_probe(context: NotifyContext) -> str | None:
    """Try the way to the service without posting anything: the button Probe.

    Called: when a person asks, and before a breaker that opened is closed again; only with `perseus_notify`.
    Where: in the dispatcher, as `perseus_notify`.
    May block: as `perseus_notify`.
    May raise: as `perseus_notify`; the reason is shown.
    Returns: what was found, for people.
    Since: 1.0.
    """


@hookspec
def perseus_delivery_finished(delivery: Delivery) -> None:
    """Observe the end of an attempt, whatever its outcome.

    Called: after it is recorded.
    Where: in the dispatcher, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_delivery_dead(delivery: Delivery) -> None:
    """Observe that a message was given up and lies among the dead letters.

    Called: after it is recorded.
    Where: in the dispatcher, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_breaker_changed(destination: str, state: BreakerState, reason: str) -> None:
    """Observe that a destination has stopped being sent to, is tried, or is sent to again.

    Called: after it is recorded.
    Where: in the dispatcher, on the plugin's own thread.
    May block: yes; only this plugin's later calls wait.
    May raise: logged.
    Returns: nothing.
    Since: 1.0.
    """


@hookspec
def perseus_register_blueprints() -> Sequence[Any]:  # type: ignore[empty-body]
    """Add pages: Flask blueprints, mounted under `/-/plugins/<plugin name>/`.

    Called: once, when the app of a web worker is made.
    Where: in each web worker, on a thread made for this call.
    May block: no; after 5 s the plugin is `failed`.
    May raise: no; the plugin is then `failed`.
    Returns: `flask.Blueprint`s. Their views run like any other view; keep them quick.
    Since: 1.0.
    """


@hookspec
def perseus_nav_links() -> Sequence[NavLink]:  # type: ignore[empty-body]
    """Add links to the bar of every page.

    Called: once, when the app of a web worker is made.
    Where: in each web worker, on a thread made for this call.
    May block: no; after 5 s the plugin is `failed`.
    May raise: no; the plugin is then `failed`.
    Returns: `perseus.NavLink`s, with addresses on this site.
    Since: 1.0.
    """


@hookspec
def perseus_card_fragments(status: ExchangeStatus, slot: str) -> Sequence[Fragment] | None:
    """Add short facts to the card of an exchange.

    Called: when a card's facts have changed, and at most every 5 s, for each slot: `badge`, `body`, `footer`.
    Where: in each web worker, on the plugin's own thread; no viewer waits for it: a card shows the last answers.
    May block: for 0.05 s; an answer that takes longer is dropped and logged, the last one stays.
    May raise: logged; the card shows that the plugin failed.
    Returns: `perseus.Fragment`s: plain text, and an address on this site to link to.
    Since: 1.0.
    """


@hookspec
def perseus_card_actions(status: ExchangeStatus) -> Sequence[CardAction] | None:
    """Add buttons to the card of an exchange, which lead to pages of the plugin.

    Called: as `perseus_card_fragments`.
    Where: as `perseus_card_fragments`.
    May block: as `perseus_card_fragments`.
    May raise: as `perseus_card_fragments`.
    Returns: `perseus.CardAction`s: a label, and an address on this site to open.
    Since: 1.0.
    """
