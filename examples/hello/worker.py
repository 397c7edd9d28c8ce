"""The worker's half of the classic: it calls main while it boots, and offers a function for afterwards."""
from lockstep import sync

# Both block for the answer of a Java function.
sync.greetings()
greeting = sync.hello("PyScript")
assert greeting == "Hello, PyScript", greeting

# From here on Java can call it.
sync.heavy_computation = lambda: 6 * 7
