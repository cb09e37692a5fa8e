"""Round trips are counted wherever they go."""

from __future__ import annotations

from bench import store


def test_a_pipeline_is_one_packet_and_each_command_by_itself_another(real_store: str) -> None:
    with store.client_of(real_store) as client:
        client.ping()
        with store.packets() as packets:
            pipeline = client.pipeline(transaction=False)
            for at in range(300):
                pipeline.get(f"key:{at}")
            pipeline.execute()
            assert packets.sent == 1
            client.get("key")
            client.get("key")
        client.get("key")
        assert packets.sent == 3
