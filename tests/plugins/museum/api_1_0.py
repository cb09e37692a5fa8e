"""Every hook of version 1.0, with all its arguments, and a look at what they held. Frozen: never edit this file."""

from pydantic import BaseModel, ConfigDict, SecretStr

from perseus import Manifest, hookimpl

calls = []


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: SecretStr
    colour: str = "green"


class Many:
    def __init__(self, config):
        self.url = config.url.get_secret_value()

    def send(self, notifications, context):
        from perseus import Delivered

        calls.append(("send", [notification.title for notification in notifications]))
        context.http.post(self.url, json=self.payload(notifications))
        return Delivered(ref="1", url="https://example.org/1")

    def update(self, ref, notification, context):
        calls.append(("update", ref))

    def probe(self, context):
        return f"at {context.destination}"

    def payload(self, notifications):
        return [notification.title for notification in notifications]


@hookimpl
def perseus_manifest():
    return Manifest(api=">=1.0,<2", priority=3, config=Config)


@hookimpl
def perseus_configured(config, context):
    calls.append(("perseus_configured", config.colour, context.settings.port))


@hookimpl
def perseus_startup(context):
    calls.append(("perseus_startup", context.settings.home))


@hookimpl
def perseus_shutdown(context):
    calls.append(("perseus_shutdown", context.settings.home))


@hookimpl
def perseus_join(exchange, context):
    calls.append(("perseus_join", exchange.id, exchange.name, exchange.display_name, context.identity, context.connect))


@hookimpl
def perseus_instance_identity(exchange, settings):
    calls.append(("perseus_instance_identity", exchange.name, settings.admin_email))
    return {"hostname": "museum", "admin_email": None, "admin_name": None}


@hookimpl
def perseus_detect_public_ip(timeout):
    calls.append(("perseus_detect_public_ip", timeout))
    return "192.0.2.1"


@hookimpl
def perseus_instance_registered(status):
    calls.append(("perseus_instance_registered", status.exchange_name, status.hostname, status.instance_id))


@hookimpl
def perseus_registration_refused(exchange, holder):
    calls.append(("perseus_registration_refused", exchange.name, holder.hostname, holder.ip_address))


@hookimpl
def perseus_state_changed(status, from_state, to_state, reason):
    calls.append(("perseus_state_changed", status.connection_state, str(from_state), str(to_state), reason))


@hookimpl
def perseus_error_reported(status, error, count):
    calls.append(("perseus_error_reported", status.exchange_name, error, count))


@hookimpl
def perseus_status_fields(status):
    calls.append(("perseus_status_fields", status.symbol_count))
    return {"age": 1}


@hookimpl
def perseus_lease_lost(status, reason, holder):
    calls.append(("perseus_lease_lost", status.fencing_token, reason, holder))


@hookimpl
def perseus_heartbeat_late(status, seconds):
    calls.append(("perseus_heartbeat_late", status.last_heartbeat, seconds))


@hookimpl
def perseus_instance_deregistered(status, reason):
    calls.append(("perseus_instance_deregistered", status.exchange_name, reason))


@hookimpl
def perseus_register_notifiers():
    from perseus import Limit, NotifierKind

    calls.append(("perseus_register_notifiers",))
    return [NotifierKind("museum_many", Many, Config, max_batch=3, limits=(Limit(5, 2.0),), about="a museum piece")]


@hookimpl
def perseus_notify(event, context):
    calls.append(("perseus_notify", event.id, event.kind, event.severity, event.title, event.text, event.at_ms))
    calls.append(("flags", event.is_repeat, event.is_drill, event.is_replay, event.incident, event.facts))
    calls.append(("events", [(each.name, each.kind, each.fields["toState"]) for each in event.events]))
    context.log.info("to %s, %s left", context.destination, context.seconds_left())
    context.http.post(context.config.url.get_secret_value(), json={"title": event.title})
    return True


@hookimpl
def perseus_probe(context):
    calls.append(("perseus_probe", context.destination, context.config.colour))
    return "it answers"


@hookimpl
def perseus_delivery_finished(delivery):
    calls.append(("perseus_delivery_finished", delivery.destination, delivery.outcome, delivery.attempt))


@hookimpl
def perseus_delivery_dead(delivery):
    calls.append(("perseus_delivery_dead", delivery.notification, delivery.reason))


@hookimpl
def perseus_breaker_changed(destination, state, reason):
    calls.append(("perseus_breaker_changed", destination, str(state), reason))


@hookimpl
def perseus_register_blueprints():
    calls.append(("perseus_register_blueprints",))
    return []


@hookimpl
def perseus_nav_links():
    from perseus import NavLink

    calls.append(("perseus_nav_links",))
    return [NavLink("Museum", "/-/plugins/museum/")]


@hookimpl
def perseus_card_fragments(status, slot):
    from perseus import Fragment

    calls.append(("perseus_card_fragments", status.exchange.name, status.condition, status.live, slot))
    return [Fragment("a museum piece", "/-/plugins/museum/")]


@hookimpl
def perseus_card_actions(status):
    from perseus import CardAction

    calls.append(("perseus_card_actions", status.exchange.name))
    return [CardAction("Look", "/-/plugins/museum/")]
