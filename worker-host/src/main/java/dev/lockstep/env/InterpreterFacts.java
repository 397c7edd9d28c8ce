package dev.lockstep.env;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What an interpreter says of itself, and which requirements it does not meet.
 *
 * @param identity changes when the interpreter does
 * @param pip the version of its pip; empty without one
 * @param hasVenv whether it can make environments
 * @param missing requirements that it does not meet
 */
record InterpreterFacts(String identity, String pip, boolean hasVenv, List<String> missing) {
  private static final String PROGRAM = "lockstep/_requirements.py";
  private static final int FIRST_WITH_PYTHON_OPTION = 22 * 100 + 3;

  static InterpreterFacts ask(Path interpreter, Path shim, List<String> requirements, Tool tool)
      throws InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(interpreter.toString());
    command.add(shim.resolve(PROGRAM).toString());
    command.addAll(requirements);
    List<String> lines = new ArrayList<>();
    Integer status = tool.run(command, lines::add);
    if (status == null || status != 0) {
      throw new EnvironmentException(
          "the interpreter does not tell which packages it has: interpreter="
              + interpreter
              + ", exit status="
              + (status == null ? "none in time" : status)
              + ", it said: "
              + String.join(" | ", lines)
              + "; needed is Python 3.9 or newer");
    }
    return parse(interpreter, lines);
  }

  private static InterpreterFacts parse(Path interpreter, List<String> lines) {
    Map<String, String> told = new HashMap<>();
    List<String> missing = new ArrayList<>();
    for (String line : lines) {
      int sign = line.indexOf('=');
      String key = sign < 0 ? "" : line.substring(0, sign);
      String value = line.substring(sign + 1);
      if (key.equals("missing")) {
        missing.add(value);
      } else if (key.equals("invalid")) {
        throw new EnvironmentException(
            "this is no requirement: packages="
                + value
                + "; write it as \"numpy\" or \"numpy>=2\"");
      } else {
        told.put(key, value);
      }
    }
    String identity =
        interpreter
            + "\n"
            + told.get("prefix")
            + "\n"
            + told.get("implementation")
            + "\n"
            + told.get("version");
    return new InterpreterFacts(
        identity, told.getOrDefault("pip", ""), "yes".equals(told.get("venv")), missing);
  }

  /**
   * Whether its pip installs for another interpreter: then an environment needs none of its own.
   */
  boolean hasPipForOthers() {
    String[] numbers = pip.split("\\.", -1);
    return numbers.length > 1
        && numbers[0].matches("\\d{1,4}")
        && numbers[1].matches("\\d{1,4}")
        && Integer.parseInt(numbers[0]) * 100 + Integer.parseInt(numbers[1])
            >= FIRST_WITH_PYTHON_OPTION;
  }
}
