"""The feed: events of the activity logs, as rows, as files, and one by one."""
