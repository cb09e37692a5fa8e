"""`NotifierContract`: what every notifier has to hold. Subclass it, name the plugin, give a configuration."""

from __future__ import annotations

from perseus.testing.bronze import Bronze
from perseus.testing.gold import Gold
from perseus.testing.silver import Silver


class NotifierContract(Bronze, Silver, Gold):
    """Checks of one kind of destination, by the rules of `perseus.testing.tiers`.

    `plugin`: its module. `kind`: the kind's name, where the plugin offers several. `config(url)`: its configuration
    for a service at `url`. `exempt`: by rule, why it does not apply. `speaks_http`: False exempts from the rules about
    HTTP; then override `sent` as well.
    """
