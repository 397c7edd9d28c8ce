package dev.lockstep.codec;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The payload of a call: its name has been read, its arguments wait until their types are known.
 *
 * <p>Not thread-safe. {@link #arguments} is called once, then {@link #keywords} once.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class CallReader {
  CallReader() {}

  /** The function's name. */
  public String name() {
    throw new UnsupportedOperationException();
  }

  /** Whether this is the name; allocates nothing. */
  public boolean matches(EncodedName other) {
    throw new UnsupportedOperationException();
  }

  /** What the name stands for in a table, or null; allocates nothing. */
  public <V> @Nullable V nameIn(NameTable<V> table) {
    throw new UnsupportedOperationException();
  }

  /** The number of positional arguments. */
  public int argumentCount() {
    throw new UnsupportedOperationException();
  }

  /**
   * The positional arguments, one for each type.
   *
   * @throws WrongArityException if there are more or fewer
   * @throws ValueException if one does not fit its type
   * @throws MalformedValueException if the bytes are not a value
   */
  public @Nullable Object[] arguments(ValueType[] types) {
    throw new UnsupportedOperationException();
  }

  /** The positional arguments, however many, each as what it is by itself. */
  public @Nullable Object[] arguments() {
    throw new UnsupportedOperationException();
  }

  /** The keyword arguments, each as what it is by itself; empty if the call has none. */
  public Map<String, @Nullable Object> keywords() {
    throw new UnsupportedOperationException();
  }
}
