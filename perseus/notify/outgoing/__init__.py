"""HTTP as notifiers use it: with deadlines and limits."""
