"""From an event to a message: routing, lanes, deliveries. Runs in `perseus dispatch` alone; readers may be anywhere."""
