"""Everything that the doctor may find: the table behind `perseus doctor`, its page and docs/doctor.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perseus.doctor.clustered import CLUSTERED
from perseus.doctor.entry import Entry

CATALOGUE: Final[Mapping[str, Entry]] = {
    "store-silent": Entry(
        "The data store does not answer, or refuses us",
        "Holders cannot renew and stop their work before their lease could end; nothing can be claimed.",
        "Look at the server and its log, at the network between, and at PERSEUS_REDIS_URL.",
    ),
    "busy-script": Entry(
        "A script blocks the data store",
        "Nothing else is answered while it runs: no heartbeat, no claim.",
        "End the script. One that has written can only be ended with its server; find out who runs it.",
    ),
    "refuses-writes": Entry(
        "The data store refuses writes",
        "No lease it keeps can be claimed or renewed and no event recorded there: holders stop before it ends.",
        "What it answers says why. NOREPLICAS: bring its replicas back; a lower limit takes writes at once, "
        "and until it is set again `min-replicas` and `sentinel-places` say what that risks. No memory: give it "
        "more. MISCONF: free its disk. A replica is only read: PERSEUS_REDIS_URL must lead to the primary, which ROLE "
        "names.",
    ),
    "store-version": Entry(
        "The data store is too old",
        "Before 6.2 commands are missing: claims or events fail. 6.2.0 to 6.2.6 ignore min-replicas-to-write in "
        "scripts: a primary that is cut off goes on confirming claims, beside a second holder.",
        "Install Redis 6.2.7 or later.",
        "Look for redis_version in what `redis-cli INFO server` answers.",
    ),
    "store-mark": Entry(
        "The data store has no mark of this site",
        "It is new, or it was emptied: a claim waits for one lease time each, and history is gone.",
        "Run `perseus init`; it waits until no old holder can be at work.",
    ),
    "stand-in": Entry(
        "The data store is a stand-in in memory",
        "All leases, events and deliveries are gone when `perseus up` ends.",
        "Install redis-server, or set PERSEUS_REDIS_URL.",
    ),
    "rights": Entry(
        "The store's user lacks rights",
        "What needs them fails when it is first used, perhaps long after the start.",
        "Give the user the rights that docs/operate.md lists. With an ACL file also run ACL SAVE.",
        "Rights are tried on a scratch key, and writes are refused at the moment: mend that first.",
    ),
    "hint-rights": Entry(
        "The store's user may not use the channel",
        "A notification leaves up to a second later than it could.",
        "Give the user the channel that docs/operate.md lists.",
    ),
    "eviction-policy": Entry(
        "The data store may evict leases",
        "Short of memory it removes keys, those with a TTL first: leases. A served exchange counts as lost.",
        "Set it in the server's configuration file or your provider's settings as well, or it is back after a restart.",
        "`redis-cli CONFIG GET maxmemory-policy` must say noeviction.",
    ),
    "memory-full": Entry(
        "The memory of the data store is nearly full",
        "When it is full every write is refused, heartbeats too, and every holder stops.",
        "Raise maxmemory, give the server more memory, or find what else fills it with `redis-cli --bigkeys`.",
        "Compare used_memory and maxmemory of `redis-cli INFO memory`.",
    ),
    "memory-forecast": Entry(
        "The activity logs will fill the data store",
        "They are kept for 90 days. When memory is full every write is refused, heartbeats too.",
        "Raise maxmemory, or lower PERSEUS_ACTIVITY_MAX_ENTRIES; look for an instance whose error repeats.",
        "Compare used_memory and maxmemory of `redis-cli INFO memory` from week to week.",
    ),
    "log-cap": Entry(
        "An activity log will not hold 90 days",
        "Its oldest entries are cut at PERSEUS_ACTIVITY_MAX_ENTRIES: the feed and uptimes are not complete.",
        "Raise PERSEUS_ACTIVITY_MAX_ENTRIES if memory allows, or look for what writes so much.",
    ),
    "persistence": Entry(
        "The data store forgets when it restarts",
        "Events, deliveries and the audit log are gone; from an old snapshot leases are granted that others hold.",
        "Switch the append-only file on, in the server's configuration file or your provider's settings as well.",
        "`redis-cli CONFIG GET appendonly` must say yes.",
    ),
    "append-fsync": Entry(
        "A power failure of the store's host loses confirmed writes",
        "A claim that is lost can be granted twice, until the next heartbeat of the first holder.",
        "Set appendfsync to always, in the server's configuration file as well; everysec risks about a second.",
        "`redis-cli CONFIG GET appendfsync` should say always. Nor may no-appendfsync-on-rewrite be yes.",
    ),
    "persistence-failing": Entry(
        "The data store cannot write to its disk",
        "What was not written is gone at its next restart, and it may refuse writes until then.",
        "Look at the server's log, and at the space and rights of its data folder.",
        "Look for aof_last_write_status and rdb_last_bgsave_status in `redis-cli INFO persistence`.",
    ),
    "settle-time": Entry(
        "A claim after a failover may come too early",
        "A promoted replica may lack the newest writes: two instances can believe that they hold an exchange.",
        "Set PERSEUS_SETTLE_SECONDS for all processes of the site, and restart the ingest processes.",
    ),
    "min-replicas": Entry(
        "A cut-off primary goes on accepting writes",
        "What is claimed there is lost when the others fail over, and the exchange is granted a second time.",
        "Set it at each server that may become a primary, in its configuration file as well. Have two "
        "replicas first: with a single one its death would stop all writes.",
        "`redis-cli CONFIG GET min-replicas-to-write` should say 1 or more, and min-replicas-max-lag at most "
        "PERSEUS_MARGIN_SECONDS - 2, but not 0.",
    ),
    "spare-replica": Entry(
        "The first server that dies stops all writes",
        "A primary then has fewer replicas than its min-replicas-to-write asks for: nothing can be claimed there, and "
        "every holder stops.",
        "Add a replica: REPLICAOF at a new server, of a Cluster `redis-cli --cluster add-node`. Until it is there the "
        "command, where there is one, lets a death pass, and `min-replicas` says what that risks; set it back then.",
        "min-replicas-to-write of `redis-cli CONFIG GET min-replicas-to-write` must be less than connected_slaves of "
        "`redis-cli INFO replication`.",
    ),
    "durable-replicas": Entry(
        "Claims cannot be acknowledged by as many replicas as are wanted",
        "Each claim and heartbeat waits in vain, and each card says 'durability degraded'.",
        "Lower PERSEUS_DURABLE_REPLICAS, add replicas, or give the user the right +wait.",
        "Look for connected_slaves in `redis-cli INFO replication`.",
    ),
    "replicas": Entry(
        "A primary has no replica that may take over",
        "When it fails nobody takes over: its exchanges have no store until it is back.",
        "Add a replica, put the one that is down back, or let one take over, in its configuration file as well.",
        "Look for connected_slaves in `redis-cli INFO replication`, and at the replicas for slave_priority there, or, "
        "of a Cluster, for cluster-replica-no-failover in their configuration.",
    ),
    "replica-behind": Entry(
        "A replica is not in step with its primary",
        "A failover to it loses what it has not received, leases among it.",
        "Look at the replica's log and at the network between.",
        "Look for master_link_status and lag in `redis-cli INFO replication`.",
    ),
    "node-silent": Entry(
        "A server of the store does not answer",
        "It cannot take over when a primary fails, nor lead to the others who knows its address alone.",
        "Look at the server and its log, and at the network between. One that is gone for good: take it out of "
        "PERSEUS_REDIS_URL, and have the others forget it, of a Cluster with CLUSTER FORGET at each node, of a service "
        "with SENTINEL RESET at one sentinel after the other.",
        "Look for fail in `redis-cli CLUSTER NODES`, of a service for down in `SENTINEL REPLICAS` at a sentinel; the "
        "rights to ask these are in docs/operate.md.",
    ),
    "user-unknown": Entry(
        "A server of the store does not know our user or password",
        "Each server keeps its users by itself: where this one is the primary, or becomes it, everybody is refused.",
        "Type the line at that server, as one who may, with the password in place of PASSWORD. Then ACL SAVE keeps it "
        "where there is an aclfile, else CONFIG REWRITE.",
    ),
    "node-clocks": Entry(
        "Clocks of the store's servers differ",
        "A replica whose clock is ahead ends leases early once it is promoted, by as much as it is ahead.",
        "At the host of each server named: where chronyd runs `chronyc makestep` sets the clock at once, else "
        "`timedatectl set-ntp true`. Let all take their time from the same source. At a primary that is behind a step "
        "ends leases early: let a replica take over first.",
    ),
    "clock-skew": Entry(
        "A host's clock is off",
        "Times in its log lines, of sessions and links are wrong; leases and ages are not: the store's clock counts.",
        "At that host: where chronyd runs `chronyc makestep`, else `timedatectl set-ntp true`. Let it take its time "
        "from the same source as the store.",
    ),
    "idle-timeout": Entry(
        "The data store closes idle connections",
        "Each heartbeat first has to connect anew, and one that meets the closing waits for its next try.",
        "Switch it off, in the server's configuration file as well, or set it to more than four heartbeats.",
        "`redis-cli CONFIG GET timeout` should say 0.",
    ),
    "slow-commands": Entry(
        "Commands have held the data store up",
        "While one runs nothing else is answered; longer than PERSEUS_STORE_TIMEOUT_SECONDS, that is silence to all.",
        "Look at who sends them: `redis-cli SLOWLOG GET`. KEYS, FLUSHALL and large deletions are the usual ones.",
        "Look at `redis-cli SLOWLOG GET`.",
    ),
    "slow-answers": Entry(
        "The data store answers slowly",
        "Little is missing to PERSEUS_STORE_TIMEOUT_SECONDS; beyond it, it is silence to all processes.",
        "Look at its load and at the network between; raise the time-out within the rules of docs/settings.md.",
    ),
    "time-outs": Entry(
        "Two tries do not fit between heartbeats",
        "A call that meets a dead server takes two time-outs; the next try then comes after the heartbeat was due.",
        "Lower PERSEUS_STORE_TIMEOUT_SECONDS or PERSEUS_RETRY_SECONDS for all processes of the site.",
    ),
    "slow-failover": Entry(
        "A failover takes longer than a lease allows",
        "Every holder on the failed server stops its work before the new primary answers.",
        "Lower the time after which a server counts as failed, or raise PERSEUS_TTL_SECONDS.",
        "Ask it of your provider: how long until a replica has taken over? It must be less than PERSEUS_TTL_SECONDS - "
        "PERSEUS_MARGIN_SECONDS - PERSEUS_HEARTBEAT_SECONDS.",
    ),
    "times-differ": Entry(
        "Processes of the site keep different times",
        "A watcher with a shorter heartbeat may judge an instance early; a page may call it late.",
        "Give all processes of the site the same PERSEUS_HEARTBEAT_SECONDS and PERSEUS_TTL_SECONDS.",
    ),
    "versions-differ": Entry(
        "Processes of the site are of different versions",
        "One may not understand what the other writes.",
        "Bring all of them to the same version; docs/operate.md says in which order.",
    ),
    "connection-limit": Entry(
        "The data store is short of connections",
        "Over the limit it refuses new ones: processes cannot start, and a heartbeat that has to connect is lost.",
        "Raise maxclients, and the server's limit of open files with it; look at who connects with CLIENT LIST.",
        "Compare connected_clients and maxclients of `redis-cli INFO clients`.",
    ),
    **CLUSTERED,
    "plain-text": Entry(
        "The data store is reached without TLS",
        "Whoever is on the way reads the password and all data, and may write leases.",
        "Let the store and its sentinels speak TLS, and write rediss:// in PERSEUS_REDIS_URL, no sentinel_tls=false.",
    ),
    "tls-unchecked": Entry(
        "Nobody checks whether it is the data store that answers",
        "Whoever is on the way can pose as the store: read the password and all data, and grant leases.",
        "Take the option out of PERSEUS_REDIS_URL; name the authority with ssl_ca_certs where it is your own.",
    ),
    "open-store": Entry(
        "The data store lets everybody in",
        "Whoever reaches its port may take leases, read the log of events and empty the store.",
        "Give Perseus a user of its own with the rights of docs/operate.md, and the default user a password.",
    ),
    "database-silent": Entry(
        "The database does not answer",
        "The pages show the last exchanges they knew; nobody can sign in anew, and no process can start.",
        "Look at the server and its log, and at PERSEUS_DATABASE_URL.",
    ),
    "database-refused": Entry(
        "The database does not let Perseus in",
        "The pages show the last exchanges they knew; nobody can sign in anew, and no process can start.",
        "Mend what it names; docs/database.md has what is refused and what to do.",
    ),
    "database-read-only": Entry(
        "The database takes no changes",
        "What runs goes on and pages are shown; nobody can sign in anew, nothing can be saved, no process can start.",
        "Name the primary in PERSEUS_DATABASE_URL. Where it was set to read-only: ALTER SYSTEM, DATABASE or ROLE ... "
        "RESET default_transaction_read_only, by who set it; docs/database.md.",
    ),
    "database-schema": Entry(
        "The database does not fit this version",
        "Processes refuse to start, and pages that read what is missing fail.",
        "Bring it to schema.sql of this version; docs/database.md says how. The lines are for a user that owns the "
        "tables; in place of NEW_VALUE goes what rows that are there shall have. Keys and conditions have no line. "
        "SQLite changes no column and adds none that must be filled: move the file away, then perseus init.",
    ),
    "no-exchanges": Entry(
        "The database names no active exchange",
        "There is nothing to serve: every `perseus ingest` refuses its name.",
        "Seed it where it has none; where all are switched off, set is_active in a row of the table exchanges.",
    ),
    "secret-key": Entry(
        "The key of secrets cannot be used",
        "Secrets of destinations cannot be opened, so nothing is sent to them.",
        "Put secret.key of the home back from a backup, readable for its owner alone, or set PERSEUS_SECRET_KEY.",
    ),
    "control-key": Entry(
        "Pages and ingest processes have not the same key of commands",
        "Buttons of the page do nothing: no start, stop or takeover is done where another key is, or none.",
        "Give the web and each ingest host one control.key (mode 600, in the home), or one PERSEUS_CONTROL_KEY, and "
        "start again what had another or none: docs/control.md.",
    ),
    "home": Entry(
        "The home cannot be written",
        "An ingest process cannot keep the proof of its lease, nor SQLite anything.",
        "Give the user that runs Perseus the right to write there, or set PERSEUS_HOME.",
    ),
    "disk-space": Entry(
        "The disk of the home is nearly full",
        "SQLite, logs and the data of an embedded store cannot grow: sign-ins, saves and heartbeats fail.",
        "Make room, or set PERSEUS_HOME to another disk.",
    ),
    "plugin-failed": Entry(
        "A plugin cannot be used",
        "What it offers is missing: messages to its destinations are not sent, its fields and pages are not there.",
        "Mend or remove it; the Plugins page and `perseus plugins` say what is wrong with it.",
    ),
    "no-dispatcher": Entry(
        "No dispatcher runs, and there are destinations",
        "Nobody is told of anything. What happens is recorded, and is told when one runs.",
        "Start one, under a supervisor that starts it again.",
    ),
}
