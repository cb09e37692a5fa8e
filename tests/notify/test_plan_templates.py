"""Templates of titles and texts: what they can name, what they cannot do, and that none of them costs a message."""

from __future__ import annotations

import time

import pytest

from perseus.notify.configuration import Policy
from perseus.notify.texts import samples
from perseus.notify.texts.templates import check_template, rendered
from perseus.notify.texts.templatevariables import EVENT_FIELDS, NAMES, variables
from tests.notify.plan_table import KRAKEN, QUIET, Table, failed, lost

FINE = [
    "plain",
    "{{ exchange }}: {{ to_state | upper }} {{ reason | default('no reason') }}",
    "{% for one in events %}{{ one.exchangeName }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% if severity == 'critical' %}!{% endif %}{{ title | truncate(20) }}",
    "{{ event['reason'] }} {{ events | length }} {{ event.count | int + 1 }}",
    "{% for fact in facts %}{{ fact.label }}: {{ fact.value }}\n{% endfor %}",
]

REFUSED = [
    ("{{ titel }}", "line 1: 'titel' is not known; did you mean 'title'?"),
    ("a\n{{ event.reson }}", "line 2: there is no 'reson'"),
    ("{{ title | uper }}", "line 1: there is no filter 'uper'; did you mean 'upper'?"),
    ("\n\n{{ title ", "line 3: unexpected end of template"),
    ("{{ 1 / 0 }}", "line 1: ZeroDivisionError: division by zero"),
    ("{{ title + 1 }}", "line 1: TypeError"),
    ("{{ title.upper() }}", "line 1: calls are not possible"),
    ("{{ ''.__class__ }}", "line 1: there is no '__class__'"),
    ("{{ ''['__class__'] }}", "line 1:"),
    ("{{ event['__class__'] }}", "line 1: there is no '__class__'"),
    ("{{ events.append }}", "line 1: there is no 'append'"),
    ("{{ event.items }}", "line 1: there is no 'items'"),
    ("{% for a in events %}{{ loop.__class__ }}{% endfor %}", "line 1: there is no '__class__'"),
    ("{% for a in events %}{{ loop.cycle }}{% endfor %}", "line 1: there is no 'cycle'"),
    ("{{ 'a' * 1000000000 }}", "line 1: multiplication is not possible"),
    ("{{ '%999999999d' % 1 }}", "line 1: % is not possible"),
    ("{{ 9 ** 999999999 }}", "line 1: powers are not possible"),
    ("{{ range(9) }}", "line 1: calls are not possible"),
    ("{% for i in range(9) %}{% endfor %}", "line 1: calls are not possible"),
    ("{% for i in title %}{% endfor %}", "line 1: a loop goes over events or facts"),
    ("{% set x = title %}", "line 1: {% set %} is not possible"),
    ("{% include 'x' %}", "line 1: other templates cannot be used"),
    ("{% macro m() %}{% endmacro %}", "line 1: macros are not possible"),
    ("{% for a in events recursive %}{% endfor %}", "line 1: recursive loops are not possible"),
    (
        "{% for a in facts %}{% for b in facts %}{% for c in facts %}{% endfor %}{% endfor %}{% endfor %}",
        "line 1: loops can be nested 2 deep",
    ),
    ("{% autoescape true %}{% endautoescape %}", "line 1: escaping is the notifier's"),
    ("x" * 4_001, "it gives more than 4,000 characters"),
    ("{{ text | join(text | join(text)) }}", "the filter 'join' would make too long a text"),
    ("{{ text | replace('', text | replace('', text)) }}", "the filter 'replace' would make too long a text"),
    ("{{" + "(" * 2_000 + "1" + ")" * 2_000 + "}}", "it is nested too deep"),
]


@pytest.mark.parametrize("text", FINE)
def test_what_a_message_needs_can_be_said(text: str) -> None:
    assert check_template(text) is None


@pytest.mark.parametrize(("text", "problem"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_wrong_is_found_when_it_is_saved_with_its_line(text: str, problem: str) -> None:
    began = time.perf_counter()
    found = check_template(text)
    assert found is not None
    assert problem in found
    assert time.perf_counter() - began < 2


def test_every_variable_is_there_for_every_sample() -> None:
    for sample in samples.notifications():
        assert set(variables(sample)) == NAMES
    assert check_template("".join(f"{{{{ event.{name} }}}}" for name in EVENT_FIELDS)) is None


def test_a_destination_says_it_in_its_own_words() -> None:
    policy = QUIET.model_copy(
        update={"title_template": "{{ exchange }} down\non {{ host }}", "text_template": "{{ kind }}: {{ at }}"}
    )
    told = Table(policy, can_update=True).tell(lost(KRAKEN, 1)).run(2).told[0]
    assert told.title == "Kraken down on feed-1"
    assert told.text == "event: 2026-09-21 14:13:21 UTC"


def test_a_template_that_breaks_leaves_the_built_in_text_and_says_so() -> None:
    policy = QUIET.model_copy(
        update={"title_template": "{{ 1 / 0 }}", "text_template": "{{ 1 // (severity == 'info') }}"}
    )
    told = Table(policy).tell(failed(KRAKEN, 1)).run(2).told[0]
    assert (told.title, told.text) == ("Kraken: error", "boom")
    assert dict(told.facts)["Template"] == "line 1: ZeroDivisionError: division by zero: this is the built-in text"


def test_one_that_breaks_leaves_the_other_as_it_is() -> None:
    policy = Policy(title_template="{{ nothing }}", text_template="my text")
    told = rendered(samples.notifications()[0], policy)
    assert (told.title, told.text) == ("Kraken is offline", "my text")
    assert "'nothing' is not known" in dict(told.facts)["Template"]


def test_what_outsiders_write_into_an_event_is_no_template() -> None:
    policy = QUIET.model_copy(update={"text_template": "{{ error }}"})
    told = Table(policy).tell(failed(KRAKEN, 1, "{{ title }}{% for %}")).run(2).told[0]
    assert told.text == "{{ title }}{% for %}"


def test_output_is_limited_when_it_is_sent_too() -> None:
    text = "{% for a in facts %}{% for b in facts %}{{ b.value }}{% endfor %}{% endfor %}"
    sample = samples.notifications()[0]
    many = type(sample)(
        **{name: getattr(sample, name) for name in sample.__slots__} | {"facts": (("a", "x" * 50),) * 90}
    )
    told = rendered(many, Policy(text_template=text))
    assert told.text == sample.text
    assert "more than 4,000 characters" in dict(told.facts)["Template"]
