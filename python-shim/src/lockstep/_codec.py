"""Values to bytes and back: CBOR (RFC 8949) as docs/wire-format.md narrows it.

Knows no memory and no ring. The C accelerator has a twin of the four functions `encode_value`,
`decode_value`, `encode_call`, `decode_call`; the contract between the two:

- The C twin codes exact built-in types itself (None, bool, int, float, str, bytes, bytearray, list,
  tuple, dict, set, frozenset). For any other object it calls ``encode_other(value, depth)``, which
  returns one complete CBOR item to splice in. `depth` is the number of arrays and maps around the
  object (0 at the top of a value; the array of positional arguments and the map of keywords do not
  count).
- When anything at all is refused while encoding (by itself or by `encode_other`) the C twin forgets
  what it has and calls the function of the same name here with the same arguments: that one raises
  the error with the exact path. So no path is ever kept on the hot path.
- While decoding the C twin reads tags 2, 3 and 258 itself; for any other tag it decodes the content
  and calls ``decode_tag(tag, content, position)``. `content` is what the item inside decodes to. A
  tag directly over a tag is refused by both twins before that. In the place of a map's key, and of
  an element of a set, arrays decode to tuples and sets to frozensets; what then is not hashable is
  refused.
- Errors are `errors.MalformedValueError(position, reason)`, `errors.UnserializableError(path, type,
  reason)`, `errors.MessageTooLargeError`.
- Nesting counts arrays and maps (a set's array and the arrays inside tags 4, 40, 43102, 43103
  included); items are counted over the whole message; an array or a map whose announced length
  exceeds the bytes that are left is refused before anything is allocated.
"""


def configure(limits):
    """Sets the limits of every later call: a dict by the names of `_layout.DEFAULT_LIMITS`."""


def encode_value(value, root="result"):
    """One value as bytes; paths in errors begin with `root`."""


def decode_value(data):
    """The one value that `data` (bytes) holds; trailing bytes are refused."""


def encode_call(name, args, kwargs):
    """Payload of INVOKE and NOTIFY: name, array of arguments, and a map if `kwargs` is not empty.

    Paths begin with ``args[0]`` and ``kwargs["x"]``. The caller sets the flag KEYWORDS if `kwargs`.
    """


def decode_call(payload, has_keywords):
    """``(name, args, kwargs)`` of such a payload: a str, a list and a dict."""


def encode_other(value, depth):
    """One complete CBOR item for an object whose exact type is not a plain built-in."""


def decode_tag(tag, content, position):
    """The value that `tag` makes of the decoded `content`; `position` is for the error."""
