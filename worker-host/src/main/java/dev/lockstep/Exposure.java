package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.call.Handler;
import dev.lockstep.call.WrongArgumentsSignal;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.codec.ValueType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Offers Java functions to one worker: parameter types, and keyword arguments by name. */
final class Exposure {
  private final ValueCodec codec;

  Exposure(ValueCodec codec) {
    this.codec = codec;
  }

  void expose(CallEngine engine, ExposedFunction function) {
    ValueType[] types = function.positional().stream().map(codec::typeOf).toArray(ValueType[]::new);
    if (!function.names().isEmpty()) {
      engine.exposeUntyped(
          function.name(),
          (arguments, keywords) -> callByNames(function, types, arguments, keywords),
          null);
      return;
    }
    Handler handler =
        (arguments, keywords) -> {
          if (!keywords.isEmpty() && !function.takesKeywords()) {
            throw new WrongArgumentsSignal(
                "the function takes no keyword arguments: function="
                    + function.name()
                    + ", given="
                    + keywords.keySet());
          }
          return function.call(arguments, keywords);
        };
    engine.expose(function.name(), types, handler, null);
  }

  /** Binds as Python does: positions first, then names, each once, none missing, none left. */
  private @Nullable Object callByNames(
      ExposedFunction function,
      ValueType[] types,
      @Nullable Object[] arguments,
      Map<String, @Nullable Object> keywords)
      throws Exception {
    if (arguments.length > types.length) {
      throw new WrongArgumentsSignal(
          "too many arguments: function="
              + function.name()
              + ", parameters="
              + function.names()
              + ", given="
              + arguments.length);
    }
    @Nullable Object[] bound = new @Nullable Object[types.length];
    Map<String, @Nullable Object> left = new LinkedHashMap<>(keywords);
    for (int i = 0; i < types.length; i++) {
      String name = function.names().get(i);
      if (i < arguments.length) {
        if (left.containsKey(name)) {
          throw new WrongArgumentsSignal(
              "an argument is given twice: function=" + function.name() + ", argument=" + name);
        }
        bound[i] = convert(arguments[i], types[i], "args[" + i + "]");
      } else if (left.containsKey(name)) {
        bound[i] = convert(left.remove(name), types[i], "kwargs[\"" + name + "\"]");
      } else {
        throw new WrongArgumentsSignal(
            "an argument is missing: function=" + function.name() + ", argument=" + name);
      }
    }
    if (!left.isEmpty() && !function.takesKeywords()) {
      throw new WrongArgumentsSignal(
          "unknown keyword arguments: function="
              + function.name()
              + ", parameters="
              + function.names()
              + ", unknown="
              + left.keySet());
    }
    return function.call(bound, left);
  }

  private @Nullable Object convert(@Nullable Object value, ValueType type, String path) {
    try {
      return codec.convert(value, type, path);
    } catch (ValueException doesNotFit) {
      throw new WrongArgumentsSignal(String.valueOf(doesNotFit.getMessage()));
    }
  }
}
