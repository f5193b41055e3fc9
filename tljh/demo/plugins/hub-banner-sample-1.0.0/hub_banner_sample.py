"""The text of a banner."""


def banner():
    return "Welcome. The server is updated on the first Monday of each month."
