"""An exchange on this machine: Binance (.com, .us) and Coinbase Advanced Trade, on a virtual clock, with their limits.

It is the other side of `perseus.exchanges`, and shares no code with it but the transport that both meet at: what both
read alike was written twice. It builds candles from trades, as exchanges do; nothing else in Perseus may.
"""
