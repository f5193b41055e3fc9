"""One class for each screen: watches the state, shows rows, asks the app's jobs."""
