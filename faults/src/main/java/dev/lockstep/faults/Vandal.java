package dev.lockstep.faults;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.StringJoiner;

/**
 * A third process that writes into a live segment as it is told. See {@code vandal.py} for what it
 * knows.
 */
public final class Vandal implements AutoCloseable {
  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  /** Starts it; it touches nothing yet. */
  public Vandal() throws IOException {
    process =
        new ProcessBuilder("python3", Home.python("vandal.py").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    commands =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Maps the segment that this process shares with a worker. */
  public void open(long workerPid) throws IOException {
    number("open", ProcessHandle.current().pid(), workerPid);
  }

  /** A command and its answer. */
  public String tell(String command, Object... arguments) throws IOException {
    StringJoiner line = new StringJoiner(" ").add(command);
    for (Object argument : arguments) {
      line.add(String.valueOf(argument));
    }
    commands.write(line + "\n");
    commands.flush();
    String answer = answers.readLine();
    if (answer == null || answer.startsWith("error")) {
      throw new IOException("the vandal failed: command=" + line + ", answer=" + answer);
    }
    return answer;
  }

  /** A command whose answer is a number: a value, a count, or the time at which it was done. */
  public long number(String command, Object... arguments) throws IOException {
    return Long.parseLong(tell(command, arguments));
  }

  @Override
  public void close() {
    try {
      commands.close();
      process.waitFor();
      answers.close();
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
    }
  }
}
