"""What may be said of exchanges from outside: now and at past moments, judged by the store's clock."""
