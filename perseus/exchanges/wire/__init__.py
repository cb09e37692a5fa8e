"""REST and WebSocket as bytes: requests, answers, time-outs."""
