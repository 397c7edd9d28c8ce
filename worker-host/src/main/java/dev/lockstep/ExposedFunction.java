package dev.lockstep;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Java function as it is offered to Python.
 *
 * @param positional types of the parameters, without a last one that takes keyword arguments
 * @param names of the positional parameters, for keyword arguments; empty if they are not known
 * @param takesKeywords whether a last parameter of type {@link Kwargs} follows
 */
record ExposedFunction(
    String name, List<Type> positional, List<String> names, boolean takesKeywords, FnAll function) {

  static ExposedFunction of(String name, List<? extends Type> parameters, FnAll function) {
    return of(name, parameters, List.of(), function);
  }

  static ExposedFunction of(
      String name, List<? extends Type> parameters, List<String> names, FnAll function) {
    List<Type> positional = new ArrayList<>(parameters);
    int last = positional.size() - 1;
    boolean takesKeywords = last >= 0 && positional.get(last) == Kwargs.class;
    if (takesKeywords) {
      positional.remove(last);
    }
    if (positional.contains(Kwargs.class)) {
      throw new IllegalArgumentException(
          "only the last parameter can take keyword arguments: function=" + name);
    }
    return new ExposedFunction(
        name,
        List.copyOf(positional),
        names.size() >= positional.size()
            ? List.copyOf(names.subList(0, positional.size()))
            : List.of(),
        takesKeywords,
        function);
  }

  /** Runs it with what came. */
  @Nullable Object call(@Nullable Object[] arguments, Map<String, @Nullable Object> keywords)
      throws Exception {
    if (!takesKeywords) {
      return function.call(arguments);
    }
    @Nullable Object[] all = new @Nullable Object[arguments.length + 1];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = Kwargs.of(keywords);
    return function.call(all);
  }
}
