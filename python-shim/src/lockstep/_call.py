"""Calls: invoke, reply, error, cancel, notify; the re-entrant loop; whose thread runs what.

`Calls` is the `hooks` object of `_channel.Endpoint` (see there for what it must offer) and holds the
table of calls in flight.
"""
