"""What the doctor may find of a Redis Cluster and of sentinels: a part of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perseus.doctor.entry import Entry

CLUSTERED: Final[Mapping[str, Entry]] = {
    "slots": Entry(
        "Slots of the Cluster are served by nobody",
        "Exchanges whose keys are in them cannot be claimed, and with full coverage required nothing can.",
        "Bring the node back that had them, or give them to another with redis-cli --cluster fix.",
        "Run `redis-cli --cluster check HOST:PORT`.",
    ),
    "cluster-state": Entry(
        "The Cluster is down",
        "It refuses every command until most primaries see each other again.",
        "Start the nodes that are gone; look at the network between the nodes and their bus ports. Where most "
        "primaries are gone for good, CLUSTER FAILOVER TAKEOVER at a replica of each has it serve their slots.",
        "`redis-cli CLUSTER INFO` must say cluster_state:ok.",
    ),
    "failing-nodes": Entry(
        "Nodes of the Cluster do not see each other",
        "One more failure may leave slots with nobody, or no majority for a failover.",
        "Start the node again, and look at the bus ports between. One that is gone for good is forgotten: type the "
        "command at every node within a minute, for until then others tell of it again.",
        "Look for fail in `redis-cli CLUSTER NODES`.",
    ),
    "cluster-quorum": Entry(
        "The Cluster is too small to fail over",
        "A failover needs most primaries: of less than three none may fail.",
        "Spread the slots over three primaries or more.",
    ),
    "seed-foreign": Entry(
        "PERSEUS_REDIS_URL names nodes of different Clusters",
        "A process that starts believes the node that answers first: of the wrong Cluster, it claims there, beside a "
        "holder in ours, or finds an empty store.",
        "Take the names of the other Cluster out of PERSEUS_REDIS_URL, on every host, and restart what began there.",
        "Compare `redis-cli CLUSTER NODES` at each name.",
    ),
    "full-coverage": Entry(
        "One lost shard stops the whole Cluster",
        "With cluster-require-full-coverage, exchanges on nodes that are sound are refused too.",
        "Set it at each node, in its configuration file as well.",
        "`redis-cli CONFIG GET cluster-require-full-coverage` should say no.",
    ),
    "open-slots": Entry(
        "Slots of the Cluster are half moved",
        "Scripts on their keys are refused while a part of the keys is at either node, TRYAGAIN: a lease in one can "
        "neither be claimed nor renewed, a log takes no event. Its holder stops before the lease ends.",
        "Finish the move, or mend what is left of one with redis-cli --cluster fix.",
        "Run `redis-cli --cluster check HOST:PORT`.",
    ),
    "sentinels": Entry(
        "Too few sentinels",
        "A failover needs most of them: each that is gone leaves fewer that may fail, and of less than three none may.",
        "Start those that are down at their hosts, and mend names that do not exist. Run three or more, one on the "
        "host of each server, and name all of them in PERSEUS_REDIS_URL.",
    ),
    "sentinel-refusal": Entry(
        "Sentinels refuse us",
        "They do not say who the primary is: while all refuse, nothing can be claimed or renewed by who starts now.",
        "Check sentinel_password, sentinel_username and the name of the service in PERSEUS_REDIS_URL. The name is what "
        "follows sentinel monitor in their configuration file.",
    ),
    "sentinel-quorum": Entry(
        "The sentinels cannot fail over",
        "When the primary fails nobody takes over.",
        "Start the sentinels that are down; set the quorum to more than half of them.",
        "Run `SENTINEL CKQUORUM SERVICE` at a sentinel; the right to ask it is in docs/operate.md.",
    ),
    "sentinel-split": Entry(
        "The sentinels name different primaries",
        "Who believes the wrong one writes where the others do not look: an exchange can be granted twice. What most "
        "of them name stands; a sentinel of another service leads astray who meets it while ours are silent.",
        "Wait a moment for a failover to end. Take a sentinel of another service out of PERSEUS_REDIS_URL, everywhere. "
        "One of ours that stays behind: look at the network between it and the servers, then SENTINEL RESET there.",
        "Compare what `SENTINEL GET-MASTER-ADDR-BY-NAME SERVICE` says at each sentinel.",
    ),
    "sentinel-places": Entry(
        "The sentinels can promote a replica beside a primary that goes on",
        "Cut off from most sentinels, a primary that keeps enough replicas confirms writes, and so does the promoted "
        "one once it has its own: two instances hold an exchange at once, for as long as the cut lasts.",
        "One sentinel beside each server and none elsewhere lets no cut do that where a primary and its "
        "min-replicas-to-write are half of the servers or more. Or type the command, which has each write wait for all "
        "replicas: then the death of any one stops all writes. Keep it in the configuration files as well.",
        "`redis-cli CONFIG GET min-replicas-to-write` must say the number of replicas, or each server have a sentinel "
        "beside it: compare the addresses in `redis-cli -p 26379 SENTINEL SENTINELS SERVICE`.",
    ),
}
