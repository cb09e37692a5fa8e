"""The Network page, and the page of one exchange: as it is, and as it was."""
